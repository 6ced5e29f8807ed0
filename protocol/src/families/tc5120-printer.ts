import { asciiText } from '../codec/ascii.ts';
import { gbBytes, gbLenient } from '../codec/gb-text.ts';
import { NO_START } from '../codec/packets.ts';
import { latin, printedText, printedWord, printer, told, wordSaying } from './printer.ts';

const TC5120_LENGTHS = [0x13, 0x19, 0x55, 0x58] as const;
const TC5120_PLACES = { event: [0x48, 0x4b], fault: [0x45, 0x48] } as const;
const TC5120_WORD = [1, 0x30] as const;

/** TC5120, Yingkou Tiancheng: blocks of fixed length, opening 0D and closing 0A. */
export const TC5120_PRINTER = printer(
  {
    name: 'tc5120-printer',
    title: { en: 'Yingkou Tiancheng TC5120 printer port', zh: '营口天成 TC5120 打印口' },
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    notes: [
      {
        en: 'Only the long blocks carry a point; where the type code stands is not documented.',
        zh: '只有长块含点位;类型代码位置无文档。',
      },
    ],
    cut: {
      maxBytes: TC5120_LENGTHS.at(-1)!,
      measure(bytes, from, to) {
        if (bytes[from] !== 0x0d) return NO_START;
        const length = TC5120_LENGTHS.find((size) => size <= to - from && bytes[from + size - 1] === 0x0a);
        if (length !== undefined) return length;
        return to - from < TC5120_LENGTHS.at(-1)! ? 'more' : { why: 'length', claimedBytes: 1 };
      },
    },
    decode(packet) {
      const text = gbLenient(packet.subarray(1, -1).filter((byte) => byte !== 0));
      const saying = wordSaying(text);
      const [loopAt, pointAt] = TC5120_PLACES[saying?.what === 'fault' ? 'fault' : 'event'];
      const number = (at: number) => /^ *(\d{1,3})/.exec(asciiText(packet.subarray(at, at + 3)))?.[1];
      const [loop, point] = [number(loopAt), number(pointAt)];
      return told(packet, {
        saying,
        address: loop && point ? { loop: Number(loop), point: Number(point) } : {},
        text: printedText(packet.subarray(1, -1).filter((byte) => byte !== 0)).text,
      });
    },
  },
  ({ what, detail, address: { loop = 1, point = 1 } }) => {
    const word = printedWord(what, detail);
    if (!word || loop > 999 || point > 999) return null;
    const block = new Uint8Array(TC5120_LENGTHS.at(-1)!).fill(0x20);
    const [loopAt, pointAt] = TC5120_PLACES[what === 'fault' ? 'fault' : 'event'];
    block.set(gbBytes(word), TC5120_WORD[0]);
    block.set(latin(String(loop).padStart(3, '0')), loopAt);
    block.set(latin(String(point).padStart(3, '0')), pointAt);
    block[0] = 0x0d;
    block[block.length - 1] = 0x0a;
    return block;
  },
);
