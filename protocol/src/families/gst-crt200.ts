import { sum8 } from '../codec/checksums.ts';
import { code8, fromBcd, hexDigits, hexOf } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Emission, Stimulus, TalkingFamily } from '../family.ts';
import { GST_STATES, GST_TYPES, gstAddress, gstPart, gstSaying, gstTypeFor } from './gst-codes.ts';
import { printedText } from './printer.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, spoken } from './saying.ts';

const EVENT_FIELDS = {
  address: field(u8, 'address (low nibble)', '地址(低半字节)'),
  length: field(u8, 'length of the frame', '帧长度'),
  index: field(u8, 'running index', '流水号'),
  kind: field(code8, 'class (AA event)', '类别(AA 为事件)'),
  state: field(code8, 'state', '状态'),
  code: field(hexDigits(3), 'user code', '用户编码'),
  type: field(u8, 'device type', '设备类型'),
  headSum: field(u8, 'sum of AA to the type', '前段累加和'),
};
const SUM = { sum: field(u8, 'sum', '累加和') };
const EVENT = layout({ ...EVENT_FIELDS, ...SUM });
const TEXT_EVENT = layout({ ...EVENT_FIELDS, text: field(raw(16), 'annotation', '注释'), ...SUM });

const LEAST = 5;
const MOST = 51;
const CLASS_EVENT = 0xaa;
const MODE_SET = 0xb1;
const IDLE = 0x50;
const POLL = 0x30;
const UPLOAD_ISOLATIONS = 0xff;
/** `2n 07 index DE address number sum`: one isolation of those that are uploaded. */
const ISOLATION_HEAD = 0x20;
const ISOLATION_BYTES = 7;
const ISOLATED = 0xde;

/** The frames of the CRT200 and HW200 cards; they differ in how the device type is written. */
const cut: CutRule = {
  maxBytes: MOST,
  measure(bytes, from, to) {
    const high = bytes[from]! & 0xf0;
    if (high === POLL || high === IDLE) return 1;
    if (high > ISOLATION_HEAD) return NO_START;
    if (to - from < 2) return 'more';
    const length = bytes[from + 1]!;
    if (length < LEAST || length > MOST || (high === ISOLATION_HEAD && length !== ISOLATION_BYTES)) return NO_START;
    if (to - from < length) return 'more';
    return bytes[from + length - 1] === sum8(bytes, from, from + length - 1) ? length : { why: 'checksum', claimedBytes: length };
  },
};

const isEvent = (packet: Uint8Array) => packet[3] === CLASS_EVENT && (packet.length === EVENT.size || packet.length === TEXT_EVENT.size);

type TypeCode = 'bcd' | 'binary';

function decodeEvent(packet: Uint8Array, typeCode: TypeCode): Decoded {
  const event = EVENT.decode(packet);
  const { state, code, type, index } = event;
  // State 31 is the controller itself: what stands for the type is a code.
  const deviceType = typeCode === 'binary' || state === 0x31 ? type : fromBcd(type);
  const saying = deviceType === null ? GST_STATES[state] : gstSaying(state, deviceType);
  const said = state === UPLOAD_ISOLATIONS ? null : spoken(saying);
  const printed = packet.length === TEXT_EVENT.size ? printedText(TEXT_EVENT.decode(packet).text) : null;
  const text = printed?.text ? { text: printed.text } : {};
  const address = said?.what === 'power-fault' || said?.what === 'reset' || said?.what === 'silence' ? {} : gstAddress(code);
  const part = deviceType === null || state === 0x31 ? {} : gstPart(deviceType);
  return {
    fields: {
      ...{
        ...FROM_PANEL,
        address: event.address & 0x0f,
        index,
        state: hexOf(state),
        stateName: saying?.en ?? null,
        code,
        deviceType: deviceType ?? hexOf(type),
      },
      ...{ deviceTypeName: deviceType === null ? null : (GST_TYPES[deviceType]?.en ?? null), ...printed },
    },
    observations: said
      ? [{ ...said, address, ...part, ...text }]
      : state === UPLOAD_ISOLATIONS
        ? [{ what: 'link', address: {}, detail: 'asks for the upload of isolations' }]
        : [],
    remarks: [
      ...(saying || state === UPLOAD_ISOLATIONS ? [] : ['unknown state: kept raw']),
      ...(event.headSum === sum8(packet, 3, 9) ? [] : ['sum of the head does not fit']),
    ],
  };
}

/** What is no event: the panel's mode, an isolation of an upload, a class in no table. */
function decodeOther(packet: Uint8Array): Decoded {
  const kind = packet[3]!;
  const fields = { ...FROM_PANEL, address: packet[0]! & 0x0f, kind: hexOf(kind), body: toHex(packet.subarray(4, -1)) };
  if ((packet[0]! & 0xf0) === ISOLATION_HEAD && kind === ISOLATED) {
    const [controller, point] = [packet[4]!, packet[5]!];
    const reads = 'one of the isolations that are uploaded';
    return { fields: { ...fields, reads }, observations: [{ what: 'shield', address: { controller, point } }] };
  }
  if (kind !== MODE_SET) return { fields: { ...fields, reads: 'unknown class' }, observations: [], remarks: ['unknown class'] };
  const reads = 'panel mode was set';
  return { fields: { ...fields, reads }, observations: [{ what: 'operation', address: {}, detail: 'mode-set' }] };
}

function decoder(typeCode: TypeCode): (packet: Uint8Array) => Decoded {
  return (packet) => {
    const first = packet[0]!;
    if (packet.length === 1) {
      if ((first & 0xf0) === POLL) return hostPacket({ address: first & 0x0f }, 'host poll');
      return {
        fields: { ...FROM_PANEL, address: first & 0x0f, reads: 'no event, or acknowledgement' },
        observations: [{ what: 'heartbeat', address: {} }],
      };
    }
    return isEvent(packet) ? decodeEvent(packet, typeCode) : decodeOther(packet);
  };
}

/** Every frame is acknowledged with 50 + address; the panel repeats it until then. */
function answer(packet: Uint8Array): Uint8Array | null {
  if (packet.length < LEAST || cut.measure(packet, 0, packet.length) !== packet.length) return null;
  return Uint8Array.of(IDLE | (packet[0]! & 0x0f));
}

function say({ what, detail, address, deviceType }: Stimulus, typeCode: TypeCode): Uint8Array | null {
  const state = what === 'supervisory' ? 0x15 : what === 'power-fault' ? 0x31 : codeOf(GST_STATES, { what });
  if (state === null) return null;
  const kind = deviceType ?? gstTypeFor(what, detail);
  const type = typeCode === 'binary' || state === 0x31 ? kind : Number.parseInt(String(kind), 16);
  const code = String(address.point ?? 1).padStart(6, '0');
  const packet = EVENT.encode({ address: 1, length: EVENT.size!, index: 1, kind: CLASS_EVENT, state, code, type, headSum: 0, sum: 0 });
  packet[9] = sum8(packet, 3, 9);
  packet[10] = sum8(packet, 0, 10);
  return packet;
}

function addressed<T>(make: (address: number) => T | readonly T[]): T[] {
  return Array.from({ length: 16 }, (_, address) => make(address)).flat() as T[];
}

/** Polls and acknowledgements of every address; on the CRT200 line the address byte carries a mark. */
function emissions(ninthBit?: 'mark'): Emission[] {
  const bit = ninthBit ? { ninthBit } : {};
  return addressed((address) => [
    { bytes: hexOf(POLL | address), ...bit, en: `poll of controller ${address}`, zh: `巡检控制器 ${address}` },
    { bytes: hexOf(IDLE | address), ...bit, en: `acknowledgement to controller ${address}`, zh: `应答控制器 ${address}` },
  ]);
}

/** What the CRT200 and HW200 cards share. */
export function gstCard(typeCode: TypeCode) {
  return {
    shape: 'talks',
    version: 1,
    cut,
    decode: packetsOnly(cut, decoder(typeCode)),
    describe: (packet: Uint8Array) => (isEvent(packet) ? (packet.length === EVENT.size ? EVENT : TEXT_EVENT).describe(packet) : []),
    answer,
    poll: { packet: (_: number, unit = 1) => Uint8Array.of(POLL | (unit & 0x0f)), everyMs: 500 },
    emits: emissions(typeCode === 'bcd' ? 'mark' : undefined),
    neverSent: addressed((address) => ({ bytes: `${hexOf(ISOLATION_HEAD | address)} *`, en: 'isolation upload', zh: '上传屏蔽' })),
    gapMs: 100,
    silenceMs: 93_000,
    repeatMs: 3000,
    play: {
      onlyWhenPolled: true,
      answer: (packet, pending) => (packet[0] === (POLL | 1) ? (pending ?? Uint8Array.of(IDLE | 1)) : null),
      hostCut: cut,
      say: (stimulus) => orNull(() => say(stimulus, typeCode)),
      confirms: (packet) => packet[0] === (IDLE | 1),
      repeatEveryMs: 1000,
    },
  } as const satisfies Partial<TalkingFamily>;
}

/** GST CRT200 line through the card GST-NNET-02. */
export const GST_CRT200: TalkingFamily = {
  ...gstCard('bcd'),
  name: 'gst-crt200',
  title: { en: 'GST200 CRT (card GST-NNET-02)', zh: '海湾 GST200 CRT(GST-NNET-02 卡)' },
  tier: 2,
  basis: 'document and one implementation; no sample',
  notes: [
    {
      en: 'Needs a ninth bit (the address byte with mark), which this gateway does not make: see gst-crt500. The Modbus card needs none.',
      zh: '需要第九位(地址字节为 MARK),本网关不产生:见 gst-crt500。Modbus 卡则不需要。',
    },
  ],
  line: { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 },
};
