import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { xor8 } from '../codec/checksums.ts';
import { raw } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { FROM_PANEL, keyOf, orNull, packetsOnly, type Saying, says, spoken } from './saying.ts';

const SOH = 0x01;
const ETX = 0x03;
const EOT = 0x04;
const ENQ = 0x05;
const STX = 0x02;
const MAX_BYTES = 40;

const cut: CutRule = {
  maxBytes: MAX_BYTES,
  measure(bytes, from, to) {
    const first = bytes[from]!;
    if (first === ENQ || first === EOT) return 1;
    if (first !== SOH) return NO_START;
    for (let at = from + 1; at < to && at < from + MAX_BYTES - 1; at++) {
      if (bytes[at] === SOH || bytes[at]! > 0x7f) return { why: 'terminator', claimedBytes: at - from };
      if (bytes[at] !== ETX) continue;
      if (at + 2 > to) return 'more';
      const length = at + 2 - from;
      return bytes[at + 1] === xor8(bytes, from + 1, at + 1) ? length : { why: 'checksum', claimedBytes: length };
    }
    return to - from < MAX_BYTES ? 'more' : { why: 'terminator', claimedBytes: MAX_BYTES };
  },
};

/**
 * Event codes, from annotated fire and reset tests. One call-point test gives a section, a zone, an area and a device line:
 * only what stands for a fire of its own says so. The codes 67xx, 62xx and 643C are inferred: shown as text, no state rests on them.
 */
const CODES: Readonly<Record<string, Saying>> = {
  '0102': says('fire', 'zone: manual call point alarm', '分区:手动报警', 'call-point'),
  '0100': says('fire', 'section: alarm', '区段:报警', 'section'),
  '0101': says('fire', 'automatic detector alarm', '自动探测器报警', 'detector'),
  '0500': says('fire', 'area: local alarm', '区域:本地报警', 'area-local'),
  '0600': says('fire', 'area: general alarm', '区域:总报警', 'area-general'),
  '0185': says('restored', 'alarm reset', '报警复位'),
  '0685': says('restored', 'area: general alarm reset', '区域:总报警复位'),
  '3900': says('heartbeat', 'station life sign', '站心跳'),
  '674F': says('text', 'detection device active', '探测设备动作', 'device-active'),
  '673C': says('text', 'detection device back to normal', '探测设备恢复', 'device-normal'),
  '624F': says('text', 'control zone active', '控制区动作', 'zone-active'),
  '624D': says('text', 'control zone inactive', '控制区恢复', 'zone-inactive'),
  '643C': says('text', 'zone back to service', '分区恢复使用', 'zone-in-service'),
};

const BODY = /^([A-Z])([0-9A-Z]{3})([0-9A-F]{4})([QUN])([0-9A-F]{4})$/;
const LINE = { line: '7 data bits, even parity' };

function decodeEvent(body: string): Decoded {
  const found = BODY.exec(body);
  if (!found) return { fields: { ...FROM_PANEL, ...LINE, body }, observations: [], remarks: ['body of no known form: kept raw'] };
  const [sector, station, pointAddress, confirm, eventCode] = found.slice(1) as [string, string, string, string, string];
  const saying = CODES[eventCode];
  const said = spoken(saying);
  const controller = /^\d+$/.test(station) ? { controller: Number(station) } : {};
  const address = said?.what === 'heartbeat' ? controller : { ...controller, point: Number.parseInt(pointAddress, 16) };
  return {
    fields: { ...FROM_PANEL, ...LINE, sector, station, pointAddress, confirm, eventCode, reads: saying?.en ?? null },
    observations: said ? [{ ...said, address, ...(said.what === 'text' ? { text: `${saying!.zh} ${saying!.en}` } : {}) }] : [],
    remarks: [
      ...(saying ? [] : ['unknown event code: kept raw']),
      ...(said?.what === 'text' ? ['meaning inferred, not settled: text only'] : []),
    ],
  };
}

function decode(packet: Uint8Array): Decoded {
  const link = { ...FROM_PANEL, ...LINE };
  if (packet[0] === ENQ) return { fields: { ...link, reads: 'ENQ' }, observations: [{ what: 'link', address: {}, detail: 'enquiry' }] };
  if (packet[0] === EOT) return { fields: { ...link, reads: 'EOT' }, observations: [{ what: 'link', address: {}, detail: 'end' }] };
  const text = asciiText(packet.subarray(1, -2));
  const start = text.indexOf(String.fromCharCode(STX));
  const [head, body] = start < 0 ? [text, ''] : [text.slice(0, start), text.slice(start + 1)];
  if (head === 'L0' && body === '') return { fields: { ...link, reads: 'idle' }, observations: [{ what: 'heartbeat', address: {} }] };
  return head === 'T1'
    ? decodeEvent(body)
    : { fields: { ...link, head, body }, observations: [], remarks: ['head of no known form: kept raw'] };
}

function encode(head: string, body: string): Uint8Array {
  const packet = Uint8Array.from([SOH, ...asciiBytes(head), STX, ...asciiBytes(body), ETX, 0]);
  packet[packet.length - 1] = xor8(packet, 1, packet.length - 1);
  return packet;
}

function say({ what, detail, address }: Stimulus): Uint8Array | null {
  const code = keyOf(CODES, { what, detail });
  if (code === null) return null;
  const { controller = 111, point = 0 } = address;
  const place = `${String(controller).padStart(3, '0')}${(what === 'heartbeat' ? 0 : point).toString(16).toUpperCase().padStart(4, '0')}`;
  if (place.length !== 7) return null;
  const [sector, confirm] = what === 'heartbeat' ? ['Z', 'N'] : what === 'restored' ? ['W', 'N'] : ['W', 'Q'];
  return encode('T1', `${sector}${place}${confirm}${code}`);
}

const describe = (packet: Uint8Array) =>
  packet.length < 4 || packet[0] !== SOH
    ? []
    : layout({
        head: field(raw(1), 'SOH', 'SOH'),
        body: field(raw(packet.length - 3), 'body', '内容'),
        end: field(raw(1), 'ETX', 'ETX'),
        check: field(raw(1), 'BCC', 'BCC'),
      }).describe(packet);

/** Siemens CT11, a listening tap. */
export const CT11: TalkingFamily = {
  shape: 'talks',
  name: 'ct11',
  version: 1,
  title: { en: 'Siemens CT11, listening', zh: '西门子 CT11(只听)' },
  tier: 3,
  basis: 'captures of two sites, BCC recomputed on 65 frames; meaning of the codes partly inferred',
  notes: [
    {
      en: 'Seven data bits and even parity must be set (2400, at another site 1200 baud): with other settings the idle pattern reads as rubbish.',
      zh: '必须设为 7 数据位、偶校验(2400,另一现场 1200):否则空闲码读作乱码。',
    },
    {
      en: 'Point addresses mean nothing without the point table of the site. What the host answers is not recorded: we only listen.',
      zh: '没有现场点表则点地址无意义。上位机如何应答没有记录:本系统只听。',
    },
  ],
  line: { baudRate: 2400, dataBits: 7, parity: 'even', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe,
  emits: [],
  neverSent: [],
  gapMs: 100,
  silenceMs: 93_000,
  play: { idle: () => encodeIdle(), idleEveryMs: 400, say: (stimulus) => orNull(() => say(stimulus)) },
};

function encodeIdle(): Uint8Array {
  return encode('L0', '');
}
