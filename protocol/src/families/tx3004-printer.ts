import { asciiText } from '../codec/ascii.ts';
import { gbBytes } from '../codec/gb-text.ts';
import { showTime } from '../codec/times.ts';
import { GBK_FIRST, latin, placeDigits, placeOf, printedCut, printedText, printedWord, printer, told, wordSaying } from './printer.ts';

const TX3004_BLOCK = /([^\n\r:]{2,24}?)(?::|\xa3\xba)(\d{8})([^\n\r]{0,30})\r?\n\r?(\d\d)(\d\d)\/(\d\d)\/(\d\d) (\d\d):(\d\d)\r?\n/;
const tx3004Cut = printedCut(GBK_FIRST, TX3004_BLOCK, 80);

/** TX3004: two lines, `火警:MMMLLAAA 设备类型` and `YYYY/MM/DD hh:mm`. */
export const TX3004_PRINTER = printer(
  {
    name: 'tx3004-printer',
    title: { en: 'Taihean TX3004 printer port', zh: '泰和安 TX3004 打印口' },
    line: { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: tx3004Cut,
    decode(packet) {
      const found = TX3004_BLOCK.exec(asciiText(packet))!;
      const [word, digits, kind, ...time] = found.slice(1) as [string, string, string, ...string[]];
      const [century, year, month, day, hour, minute] = time.map(Number) as [number, number, number, number, number, number];
      const event = printedText(latin(word));
      const device = printedText(latin(kind));
      return told(packet, {
        saying: event.text === null ? undefined : wordSaying(event.text),
        address: placeOf(digits),
        deviceTime: showTime({ century, year, month, day, hour, minute }),
        text: device.text,
        fields: { event: event.text, code: digits },
      });
    },
  },
  ({ what, detail, address, deviceTime }) => {
    const [word, digits] = [printedWord(what, detail), placeDigits(address)];
    return word && digits
      ? gbBytes(`${word}:${digits} 感烟\r\n${deviceTime.slice(0, 16).replace('T', ' ').replaceAll('-', '/')}\r\n`)
      : null;
  },
);
