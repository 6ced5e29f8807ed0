import { asciiText } from '../codec/ascii.ts';
import { gbBytes } from '../codec/gb-text.ts';
import { GBK_FIRST, latin, printedCut, printedText, printedWord, printer, told, withoutCommands, wordSaying } from './printer.ts';

const LD128EN_BLOCK = /(?:[^\d\n]6)?([^\n:]{2,24}?)(?::|\xa3\xba)(\d{2})(\d{3})([^\n]{0,90})\n/;
const ld128enCut = printedCut([0x1b, ...GBK_FIRST], LD128EN_BLOCK, 127);

/** LD128EN: perhaps ESC 6, `火警:LLPPP`, ESC 9, a description. */
export const LD128EN_PRINTER = printer(
  {
    name: 'ld128en-printer',
    title: { en: 'Lida LD128EN printer port', zh: '利达 LD128EN 打印口' },
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: ld128enCut,
    decode(packet) {
      const [, word, loop, point, rest] = LD128EN_BLOCK.exec(asciiText(packet)) as unknown as [string, string, string, string, string];
      const event = printedText(withoutCommands(latin(word)));
      const described = printedText(withoutCommands(latin(rest)));
      const saying = event.text === null ? undefined : wordSaying(event.text);
      return told(packet, {
        saying,
        address: { loop: Number(loop), point: Number(point) },
        text: described.text,
        fields: { event: event.text },
      });
    },
  },
  ({ what, detail, address: { loop = 1, point = 1 } }) => {
    const word = printedWord(what, detail);
    const digits = `${String(loop).padStart(2, '0')}${String(point).padStart(3, '0')}`;
    return word && digits.length === 5
      ? Uint8Array.from([0x1b, 0x36, ...gbBytes(`${word}:${digits}`), 0x1b, 0x39, ...gbBytes('模拟设备\n')])
      : null;
  },
);
