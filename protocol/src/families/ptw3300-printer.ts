import { toHex } from '../codec/hex.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded } from '../family.ts';
import { notifierDigits, notifierPlace } from './notifier-place.ts';
import { printer } from './printer.ts';
import { FROM_PANEL, type Saying, says, spoken } from './saying.ts';

const PTW_BYTES = 332;
const PTW_DESCRIPTION_AT = 80;
const PTW_PLACE_AT = 298;
/** The first word of the line decides; the longer before the shorter that they contain. */
const PTW_WORDS: ReadonlyArray<readonly [string, Saying]> = [
  ['火灾报警', says('fire', 'fire alarm', '火灾报警')],
  ['火警', says('fire', 'fire', '火警')],
  ['消防故障', says('fault', 'fault', '消防故障')],
  ['监管站', says('supervisory', 'supervisory', '监管站')],
  ['非消防设备隔离', says('shield', 'isolated', '非消防设备隔离')],
  ['系统复位', says('reset', 'reset', '系统复位')],
  ['确认预警', says('operation', 'pre-alarm confirmed', '确认预警', 'prealarm-confirmed')],
  ['预报警已解除', says('restored', 'pre-alarm cleared', '预报警已解除', 'prealarm')],
  ['对非消防设备的隔离已清除', says('unshield', 'released', '对非消防设备的隔离已清除')],
];
const utf16 = new TextDecoder('utf-16be');

function utf16Bytes(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((character) => [character.charCodeAt(0) >> 8, character.charCodeAt(0) & 0xff]));
}

const ptwCut: CutRule = {
  maxBytes: PTW_BYTES,
  measure(bytes, from, to) {
    // A line opens with a Chinese word, whichever it is: U+4E00 to U+9FFF.
    if (bytes[from]! < 0x4e || bytes[from]! > 0x9f) return NO_START;
    if (to - from < PTW_BYTES) return 'more';
    return bytes[from + PTW_BYTES - 1] === 0x0a && bytes[from + PTW_BYTES - 2] === 0 ? PTW_BYTES : { why: 'terminator', claimedBytes: 1 };
  },
};

/** New 3030 and PTW3300: lines of 332 bytes in UTF-16BE. */
export const PTW3300_PRINTER = printer(
  {
    name: 'ptw3300-printer',
    title: { en: 'Notifier new 3030 / PTW3300 printer port', zh: '诺蒂菲尔新 3030 / PTW3300 打印口' },
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: ptwCut,
    decode(packet): Decoded {
      const text = utf16.decode(packet);
      const saying = PTW_WORDS.find(([word]) => text.startsWith(word))?.[1];
      const said = spoken(saying);
      const { address, fields } = notifierPlace(text.slice(PTW_PLACE_AT / 2));
      const description = text
        .slice(PTW_DESCRIPTION_AT / 2, PTW_PLACE_AT / 2)
        .replaceAll('\0', '')
        .trim();
      return {
        fields: { ...FROM_PANEL, eventName: saying?.en ?? null, ...address, ...fields, description, raw: toHex(packet) },
        observations: said
          ? [{ ...said, address: said.what === 'reset' ? {} : address, ...(description ? { text: description } : {}) }]
          : [],
        remarks: saying ? [] : ['unknown event word: kept raw'],
      };
    },
  },
  ({ what, detail, address }) => {
    const rows = PTW_WORDS.filter(([, saying]) => saying.what === what);
    const word = (rows.find(([, saying]) => saying.detail === detail) ?? rows[0])?.[0];
    const place = notifierDigits(address);
    if (word === undefined || place === null) return null;
    const blank = ' '.repeat(PTW_BYTES / 2 - 1);
    const put = (line: string, at: number, part: string) => line.slice(0, at) + part + line.slice(at + part.length);
    return utf16Bytes(`${put(put(blank, 0, word), PTW_PLACE_AT / 2, place)}\n`);
  },
);
