import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { sum8 } from '../codec/checksums.ts';
import { hexOf } from '../codec/digits.ts';
import { gbBytes } from '../codec/gb-text.ts';
import { toHex } from '../codec/hex.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { printedText, printedWord, wordSaying } from './printer.ts';
import { FROM_PANEL, orNull, packetsOnly, spoken } from './saying.ts';

const BYTES = 125;
const HEAD = [0x24, 0x24, 0x7d] as const;
/** Places in the frame, as the one implementation has them. */
const MACHINE = [0x23, 0x27] as const;
const LOOP = [0x27, 0x2d] as const;
const POINT = [0x2d, 0x33] as const;
const TYPE_AT = 0x48;
const TEXT = [0x54, BYTES - 1] as const;
const PANEL_TYPE = 0x35;

const cut: CutRule = {
  maxBytes: BYTES,
  measure(bytes, from, to) {
    for (const [index, byte] of HEAD.entries()) if (from + index < to && bytes[from + index] !== byte) return NO_START;
    if (to - from < BYTES) return 'more';
    return bytes[from + BYTES - 1] === sum8(bytes, from, from + BYTES - 1) ? BYTES : { why: 'checksum', claimedBytes: BYTES };
  },
};

/** A number written in ASCII digits; null where the place holds none. */
function number(packet: Uint8Array, [from, to]: readonly [number, number]): number | null {
  const found = /^[\s\0]*(\d+)/.exec(asciiText(packet.subarray(from, to)));
  return found ? Number(found[1]) : null;
}

function decode(packet: Uint8Array): Decoded {
  const [controller, loop, point] = [number(packet, MACHINE), number(packet, LOOP), number(packet, POINT)];
  const deviceType = packet[TYPE_AT]!;
  const text = printedText(packet.subarray(...TEXT).filter((byte) => byte !== 0));
  const saying = text.text === null ? undefined : wordSaying(text.text);
  const said = spoken(saying);
  const ofPanel = deviceType === PANEL_TYPE;
  const place = { ...(loop === null ? {} : { loop }), ...(point === null ? {} : { point }) };
  const address = { ...(controller === null ? {} : { controller }), ...(ofPanel ? {} : place) };
  return {
    fields: { ...FROM_PANEL, machine: controller, loop, point, deviceType: hexOf(deviceType), ofPanel, ...text, raw: toHex(packet) },
    observations: said ? [{ ...said, address, deviceType, ...(text.text ? { text: text.text } : {}) }] : [],
    remarks: saying ? [] : ['no known event word: kept raw'],
  };
}

function say({ what, detail, address, deviceType }: Stimulus): Uint8Array | null {
  const word = printedWord(what, detail);
  if (word === null) return null;
  const packet = new Uint8Array(BYTES);
  const { controller = 1, loop = 1, point = 1 } = address;
  const place = (value: number, [from, to]: readonly [number, number]) => {
    const digits = String(value).padStart(to - from, '0');
    if (digits.length > to - from) throw new RangeError(`${value} has too many digits`);
    packet.set(asciiBytes(digits), from);
  };
  packet.set(HEAD);
  place(controller, MACHINE);
  place(loop, LOOP);
  place(point, POINT);
  packet[TYPE_AT] = deviceType ?? 1;
  packet.set(gbBytes(word), TEXT[0]);
  packet[BYTES - 1] = sum8(packet, 0, BYTES - 1);
  return packet;
}

/** GT603, Guotai Yian, third-party protocol. */
export const GT603: TalkingFamily = {
  shape: 'talks',
  name: 'gt603',
  version: 1,
  title: { en: 'GT603 third-party protocol', zh: '国泰怡安 GT603 第三方协议' },
  tier: 3,
  basis: 'one implementation; no sample',
  notes: [
    {
      en: 'The event is told by its printed word. What the host should ask is not known: we only listen.',
      zh: '事件由文本词语判断。上位机如何查询未知:本系统只听。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  emits: [],
  neverSent: [],
  gapMs: 300,
  silenceMs: 93_000,
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
