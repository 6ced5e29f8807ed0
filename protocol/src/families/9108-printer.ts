import { asciiText } from '../codec/ascii.ts';
import { gbBytes } from '../codec/gb-text.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { showTime } from '../codec/times.ts';
import {
  latin,
  placeDigits,
  placeOf,
  printedCut,
  printedText,
  printedWord,
  printer,
  told,
  withoutCommands,
  wordSaying,
} from './printer.ts';
import { FROM_PANEL } from './saying.ts';

const P9108_BLOCK = /[^\d]@(\d\d)(\d\d)\.(\d\d)\.(\d\d) {3}(\d\d):(\d\d):(\d\d) {3}(\d{8})\r?\n([^\n]{2,60})\n/;
const p9108Event = printedCut([0x1b], P9108_BLOCK, 110);
const P9108_POLL = [0x1c, 0x2e, 0x1b, 0x40] as const;
const p9108Cut: CutRule = {
  maxBytes: p9108Event.maxBytes,
  measure(bytes, from, to) {
    if (bytes[from] !== P9108_POLL[0]) return p9108Event.measure(bytes, from, to);
    const wrong = P9108_POLL.some((byte, index) => from + index < to && bytes[from + index] !== byte);
    return wrong ? NO_START : to - from < P9108_POLL.length ? 'more' : P9108_POLL.length;
  },
};

/** 9108, Fanhai Sanjiang: `ESC @`, date, time and MMMLLAAA, then a line of text. */
export const P9108_PRINTER = printer(
  {
    name: '9108-printer',
    title: { en: 'Fanhai Sanjiang 9108 printer port', zh: '泛海三江 9108 打印口' },
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: p9108Cut,
    decode(packet) {
      if (packet[0] === P9108_POLL[0])
        return { fields: { ...FROM_PANEL, reads: 'the panel asks for its printer' }, observations: [{ what: 'heartbeat', address: {} }] };
      const found = P9108_BLOCK.exec(asciiText(packet))!;
      const [century, year, month, day, hour, minute, second] = found.slice(1, 8).map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const printed = printedText(withoutCommands(latin(found[9]!)));
      return told(packet, {
        saying: printed.text === null ? undefined : wordSaying(printed.text),
        address: placeOf(found[8]!),
        deviceTime: showTime({ century, year, month, day, hour, minute, second }),
        text: printed.text,
        fields: { code: found[8] },
      });
    },
  },
  ({ what, detail, address, deviceTime }) => {
    if (what === 'heartbeat') return Uint8Array.from(P9108_POLL);
    const [word, digits] = [printedWord(what, detail), placeDigits(address)];
    if (!word || !digits) return null;
    const [date, time] = deviceTime.split('T') as [string, string];
    return Uint8Array.from([
      0x1b,
      0x40,
      ...gbBytes(`${date.replaceAll('-', '.')}   ${time}   ${digits}\n`),
      0x1c,
      0x26,
      ...gbBytes(`${word}\n`),
    ]);
  },
);
