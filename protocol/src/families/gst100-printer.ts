import { asciiText } from '../codec/ascii.ts';
import { hexOf } from '../codec/digits.ts';
import { timeParts } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { NEVER_SILENT_MS, PRINTER_NOTE, printedCut } from './printer.ts';
import { codeOf, FROM_PANEL, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

/** Stars (fewer or more when bytes are lost), date with glyphs 8D and 8E, time, code, point or dashes, glyph. */
const BLOCK = /(\*{1,40})[^*\r]{0,4}\r(\d\d)\x8d(\d\d)\x8e {3}(\d\d):(\d\d)\r\n([\s\S])\r(?:(\d{1,2}-\d{3})|-{1,8})\r\n ([\s\S])\r/;
const cut = printedCut([0x2a], BLOCK, 96);

/** 11, 16 and 1D are certain; 14 and 80 rest on notes made on site; 1B and 1C are unknown. */
const CODES: Sayings = {
  17: says('fire', 'fire', '火警'),
  22: says('fault', 'fault', '故障'),
  29: says('reset', 'reset', '复位'),
  20: says('start', 'linkage action', '联动动作', 'linkage'),
  128: says('fault', 'detector dirty', '探测器脏', 'dirty'),
};
/** The glyph is the same for the same device or cause on every date: 2C with the mains. */
const MAINS_GLYPH = 0x2c;
const MAINS: Saying = says('power-fault', 'mains fault', '主电故障', 'main');

function decode(packet: Uint8Array): Decoded {
  const found = BLOCK.exec(asciiText(packet))!;
  const [stars, month, day, hour, minute, mark, point, glyphMark] = found.slice(1) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string | undefined,
    string,
  ];
  const [code, glyph] = [mark.charCodeAt(0), glyphMark.charCodeAt(0)];
  const mains = code === 0x16 && point === undefined && glyph === MAINS_GLYPH;
  const saying = mains ? MAINS : CODES[code];
  const said = spoken(saying);
  const [loop, number] = point?.split('-').map(Number) ?? [];
  const address = loop === undefined || number === undefined ? {} : { loop, point: number };
  return {
    fields: {
      ...{ ...FROM_PANEL, month: Number(month), day: Number(day), time: `${hour}:${minute}`, code: hexOf(code) },
      ...{ point: point ?? null, glyph: hexOf(glyph), stars: stars.length, reads: saying?.en ?? null },
    },
    observations: said ? [{ ...said, address }] : [],
    remarks: ['the device sends no year', ...(saying ? [] : ['unknown code: kept raw'])],
  };
}

const two = (part: number) => String(part).padStart(2, '0');

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  const mains = what === 'power-fault';
  const code = mains ? 0x16 : codeOf(CODES, { what, detail });
  if (code === null || (address.loop ?? 1) > 9 || (address.point ?? 1) > 999) return null;
  const { month, day, hour, minute } = timeParts(deviceTime);
  const point = mains || what === 'reset' ? '-----' : `${address.loop ?? 1}-${String(address.point ?? 1).padStart(3, '0')}`;
  const text = `${'*'.repeat(15)}\r${two(month)}\x8d${two(day)}\x8e   ${two(hour)}:${two(minute)}\r\n${String.fromCharCode(code)}\r${point}\r\n ${mains ? ',' : '#'}\r`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** GST100 printer tap (SP-W32PS-100). */
export const GST100_PRINTER: TalkingFamily = {
  shape: 'talks',
  name: 'gst100-printer',
  version: 1,
  title: { en: 'GST100 printer tap', zh: '海湾 GST100 打印口' },
  tier: 3,
  basis: 'captures of one site; three codes are certain',
  notes: [PRINTER_NOTE, { en: 'There is no year in the time: the gateway’s clock stands for it.', zh: '时间不含年份:以网关时钟为准。' }],
  line: { baudRate: 1200, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  emits: [],
  neverSent: [],
  gapMs: 1000,
  silenceMs: NEVER_SILENT_MS,
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
