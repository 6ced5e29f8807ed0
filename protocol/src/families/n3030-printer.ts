import { asciiText } from '../codec/ascii.ts';
import { toHex } from '../codec/hex.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { ENDED_BY } from '../codec/points.ts';
import type { Decoded } from '../family.ts';
import { notifierDigits, notifierPlace } from './notifier-place.ts';
import { latin, printer } from './printer.ts';
import { FROM_PANEL, type Saying, says, spoken } from './saying.ts';

const N3030_BYTES = 164;
const N3030_PLACE_AT = 151;
/** The event word, scrambled by the printer's font. A word behind 05 64 is over. */
const N3030_WORDS: ReadonlyArray<readonly [hex: string, says: Saying]> = [
  ['6b7ea566', says('fire', 'fire', '火警')],
  ['459c', says('fault', 'fault', '故障')],
  ['d1a1', says('feedback', 'feedback', '反馈')],
  ['f2ab94bb', says('shield', 'isolated', '隔离')],
];
const N3030_OVER = '0564';

const n3030Cut: CutRule = {
  maxBytes: N3030_BYTES,
  measure(bytes, from, to) {
    const word = toHex(bytes.subarray(from, Math.min(to, from + 2)));
    const opens = [N3030_OVER, ...N3030_WORDS.map(([hex]) => hex)].some((hex) => hex.startsWith(word));
    if (!opens) return NO_START;
    if (to - from < N3030_BYTES) return 'more';
    return bytes[from + N3030_BYTES - 1] === 0x0a ? N3030_BYTES : { why: 'terminator', claimedBytes: 1 };
  },
};

function n3030Saying(packet: Uint8Array): Saying | undefined {
  const hex = toHex(packet.subarray(0, 8));
  const over = hex.startsWith(N3030_OVER);
  const row = N3030_WORDS.find(([word]) => hex.startsWith(word, over ? N3030_OVER.length : 0))?.[1];
  if (!over) return row;
  const ended = row?.what && ENDED_BY[row.what];
  return ended ? says(ended, `${row.en} over`, `${row.zh}解除`) : says('restored', 'restored', '恢复');
}

/** Notifier N3030 sold in China, old: lines of 164 bytes. */
export const N3030_PRINTER = printer(
  {
    name: 'n3030-printer',
    title: { en: 'Notifier N3030 (China, old) printer port', zh: '诺蒂菲尔 N3030(国内旧版)打印口' },
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: n3030Cut,
    decode(packet): Decoded {
      const saying = n3030Saying(packet);
      const said = spoken(saying);
      const { address, fields } = notifierPlace(asciiText(packet.subarray(N3030_PLACE_AT)));
      return {
        fields: { ...FROM_PANEL, eventName: saying?.en ?? null, ...address, ...fields, raw: toHex(packet) },
        observations: said ? [{ ...said, address }] : [],
        remarks: ['the text is in the font of the printer: kept raw', ...(saying ? [] : ['unknown event word'])],
      };
    },
  },
  ({ what, address }) => {
    const direct = N3030_WORDS.find(([, saying]) => saying.what === what);
    const ended = N3030_WORDS.find(([, saying]) => saying.what !== null && ENDED_BY[saying.what] === what);
    const word = direct ? direct[0] : ended ? N3030_OVER + ended[0] : null;
    const place = notifierDigits(address);
    if (word === null || place === null) return null;
    const line = new Uint8Array(N3030_BYTES).fill(0x20);
    line.set(Uint8Array.from(word.match(/../g)!, (pair) => Number.parseInt(pair, 16)));
    line.set(latin(place), N3030_PLACE_AT);
    line[N3030_BYTES - 1] = 0x0a;
    return line;
  },
);
