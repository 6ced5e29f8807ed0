import { u16be } from '../codec/big-endian.ts';
import { crc16Xmodem } from '../codec/checksums.ts';
import { code8, hexDigits, hexOf } from '../codec/digits.ts';
import { raw, u8, u16le } from '../codec/fields.ts';
import { gbRowColumnText } from '../codec/gb-text.ts';
import { toHex } from '../codec/hex.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { clockOf, deviceClock } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import { ATTRIBUTES, floorName, INFO_TYPES, LOOP, NORMAL, STATES, SUPPLIES, WHOLE } from './fs5101w-codes.ts';
import { codeOf, datedIdentity, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, spoken } from './saying.ts';

const clock = deviceClock(['year', 'month', 'day', 'hour', 'minute', 'second']);
const HEAD = {
  head: field(hexDigits(1), 'head', '头'),
  address: field(u8, 'address', '地址'),
  length: field(u8, 'length of command and data', '命令与数据长度'),
  command: field(code8, 'command', '命令'),
};
const CRC = { crc: field(u16be, 'CRC', 'CRC') };
const BARE = layout({ ...HEAD, ...CRC });
const ANSWER = layout({
  ...HEAD,
  wish: field(code8, 'A1: send everything again', 'A1:请重发全部'),
  reserved: field(code8, 'reserved', '预留'),
  ...CRC,
});
const EVENT_BODY = {
  attribute: field(code8, 'attribute', '属性'),
  infoType: field(code8, 'information type', '信息类型'),
  state: field(code8, 'state', '状态'),
  network: field(u8, 'network', '网络号'),
  machine: field(u8, 'machine', '机号'),
  time: field(clock, 'device time', '设备时间'),
  loop: field(u8, 'loop', '回路'),
  point: field(u8, 'point', '点位'),
  building: field(u8, 'building', '楼号'),
  zone: field(u8, 'zone', '区号'),
  floor: field(u8, 'floor', '楼层'),
  number: field(u16le, 'number', '编号'),
  deviceType: field(u8, 'device type', '设备类型'),
};
const EVENT = layout({ ...HEAD, ...EVENT_BODY, ...CRC });
const TEXT_EVENT = layout({ ...HEAD, ...EVENT_BODY, text: field(raw(20), 'text', '文本'), ...CRC });
type Event = LayoutValue<typeof EVENT> & Partial<LayoutValue<typeof TEXT_EVENT>>;

const RESET = 0xa1;
const PATROL = 0xa2;
const CLOCK = 0xa4;
const EVENT_COMMAND = 0xa5;
const LENGTH_MAX = 40;
const AROUND = 5;

const cut: CutRule = {
  maxBytes: LENGTH_MAX + AROUND,
  measure(bytes, from, to) {
    if (bytes[from] !== 0xf0) return NO_START;
    if (to - from < 4) return 'more';
    const length = bytes[from + 2]! + AROUND;
    if (length === AROUND || length > LENGTH_MAX + AROUND || bytes[from + 3]! >> 4 !== 0xa) return NO_START;
    if (to - from < length) return 'more';
    const end = from + length;
    return crc16Xmodem(bytes, from + 1, end - 2) === ((bytes[end - 2]! << 8) | bytes[end - 1]!)
      ? length
      : { why: 'checksum', claimedBytes: length };
  },
};

const layoutOf = (packet: Uint8Array) =>
  packet[3] === EVENT_COMMAND
    ? packet.length === TEXT_EVENT.size
      ? TEXT_EVENT
      : packet.length === EVENT.size
        ? EVENT
        : null
    : packet[3] === PATROL && packet.length === ANSWER.size
      ? ANSWER
      : packet.length === BARE.size
        ? BARE
        : null;

/** Of what is no point, building and zone hold a number: both 0 the thing itself, building alone its number, both its group and number. */
function numberedOf({ infoType, machine, building, zone }: Event): Observation['address'] {
  if (building === 0 || SUPPLIES.includes(infoType) || WHOLE.includes(infoType)) return { controller: machine };
  if (infoType === LOOP) return { controller: machine, loop: building };
  return zone === 0 ? { controller: machine, point: building } : { controller: machine, zone: building, point: zone };
}

function addressOf(event: Event): Observation['address'] {
  const { infoType, machine, loop, point } = event;
  const kind = INFO_TYPES[infoType];
  // A captured fire has an information type that is in no table: loop and point speak for themselves.
  if (kind && !kind.isPoint) return numberedOf(event);
  return kind || loop > 0 || point > 0 ? { controller: machine, loop, point } : { controller: machine };
}

function sayingOf({ attribute, infoType, state }: Event): Saying | undefined {
  const saying = state === 0 ? NORMAL[attribute] : STATES[state];
  const detail = INFO_TYPES[infoType]?.detail;
  if (!saying || !detail) return saying;
  const supply = SUPPLIES.includes(infoType);
  const what =
    supply && saying.what === 'fault' ? 'power-fault' : supply && saying.what === 'fault-restored' ? 'power-restored' : saying.what;
  return { ...saying, what, detail: supply || !saying.detail ? detail : saying.detail };
}

function decodeEvent(packet: Uint8Array): Decoded {
  const event: Event = packet.length === TEXT_EVENT.size ? TEXT_EVENT.decode(packet) : EVENT.decode(packet);
  const { attribute, infoType, state, network, machine, loop, point, building, zone, floor, number, deviceType } = event;
  const saying = sayingOf(event);
  const said = spoken(saying);
  const time = clockOf(clock, event.time);
  const text = event.text ? gbRowColumnText(event.text) : undefined;
  const texts = event.text ? { text: text ?? null, textHex: toHex(event.text) } : {};
  const kind = INFO_TYPES[infoType];
  return {
    fields: {
      ...{
        ...FROM_PANEL,
        address: event.address,
        command: hexOf(event.command),
        attribute: hexOf(attribute),
        attributeName: ATTRIBUTES[attribute]?.en ?? null,
      },
      ...{
        infoType: hexOf(infoType),
        infoTypeName: kind?.en ?? null,
        state: hexOf(state),
        stateName: saying?.en ?? null,
        network,
        machine,
        ...time,
      },
      ...{ loop, point, building, zone, floor, floorName: floorName(floor), number, deviceType, ...texts },
      ...(infoType === 0x4 || infoType === 0x5 ? { power: kind?.en } : {}),
    },
    observations: said
      ? [
          {
            ...said,
            address: addressOf(event),
            deviceType,
            deviceTime: time.deviceTime,
            ...(text ? { text, textHex: toHex(event.text!) } : {}),
          },
        ]
      : [],
    remarks: [...(saying ? [] : ['unknown state: kept raw']), ...(kind ? [] : ['information type in no table: kept raw'])],
  };
}

function decode(packet: Uint8Array): Decoded {
  const [, address, length, command] = packet as unknown as [number, number, number, number];
  const fields = { address, command: hexOf(command) };
  if (command === PATROL && length > 1)
    return hostPacket(
      { ...fields, wish: hexOf(packet[4]!) },
      packet[4] === RESET ? 'answer: please send all events again' : 'answer: normal',
    );
  if (command === PATROL)
    return { fields: { ...FROM_PANEL, ...fields, reads: 'patrol' }, observations: [{ what: 'link', address: {}, detail: 'patrol' }] };
  if (command === RESET) return { fields: { ...FROM_PANEL, ...fields, reads: 'reset' }, observations: [{ what: 'reset', address: {} }] };
  if (command === EVENT_COMMAND && layoutOf(packet)) return decodeEvent(packet);
  const data = toHex(packet.subarray(4, -2));
  if (command === CLOCK)
    return {
      fields: { ...FROM_PANEL, ...fields, data, reads: 'clock of the panel' },
      observations: [{ what: 'link', address: {}, detail: 'clock' }],
    };
  return { fields: { ...FROM_PANEL, ...fields, data }, observations: [], remarks: ['undocumented command: kept raw'] };
}

function closed(packet: Uint8Array): Uint8Array {
  u16be.write(packet, packet.length - 2, crc16Xmodem(packet, 1, packet.length - 2));
  return packet;
}

const bare = (address: number, command: number) => closed(BARE.encode({ head: 'F0', address, length: 1, command, crc: 0 }));

/** Only the patrol is answered, at the address that was patrolled. `wish`: 00 nothing, A1 send everything again. */
function answerPatrol(packet: Uint8Array, wish: number): Uint8Array | null {
  const patrol = packet.length === BARE.size && packet[3] === PATROL && cut.measure(packet, 0, packet.length) === packet.length;
  if (!patrol) return null;
  return closed(ANSWER.encode({ head: 'F0', address: packet[1]!, length: 3, command: PATROL, wish, reserved: 0, crc: 0 }));
}

const ATTRIBUTE_OF: Readonly<Record<string, number>> = {
  fire: 0xc3,
  start: 0xc1,
  stop: 0xc1,
  shield: 0xc5,
  unshield: 0xc5,
  restored: 0xc3,
};

function say({ what, detail, address, deviceType, deviceTime }: Stimulus): Uint8Array | null {
  if (what === 'reset') return bare(1, RESET);
  const supply = what === 'power-fault' || what === 'power-restored';
  const wish = {
    what: what === 'power-fault' ? 'fault' : what === 'power-restored' ? 'fault-restored' : what,
    detail: supply ? undefined : detail,
  } as const;
  const state = what === 'restored' && detail === undefined ? 0 : codeOf(STATES, wish);
  if (state === null) return null;
  const infoType = supply ? (detail === 'backup' ? 0x5 : 0x4) : 0x1;
  const attribute = ATTRIBUTE_OF[what] ?? (/fault/.test(what) ? 0xc2 : 0xc6);
  const place = {
    network: 0,
    machine: address.controller ?? 1,
    loop: address.loop ?? 0,
    point: address.point ?? 0,
    building: 0,
    zone: address.zone ?? 0,
    floor: 1,
    number: 0,
  };
  const event = {
    head: 'F0',
    address: 1,
    length: 20,
    command: EVENT_COMMAND,
    attribute,
    infoType,
    state,
    ...place,
    time: clock.parse(deviceTime),
    deviceType: deviceType ?? 1,
    crc: 0,
  };
  return closed(EVENT.encode(event));
}

/** Forsafe FS5101W and the Forsafe third-party protocol V1.1. The panel is master. */
export const FS5101W: TalkingFamily = {
  shape: 'talks',
  name: 'fs5101w',
  version: 1,
  title: { en: 'Forsafe FS5101W', zh: '赋安 FS5101W(第三方协议)' },
  tier: 1,
  basis: 'third-party protocol V1.1, captures, an independent implementation; every CRC recomputed',
  notes: [
    {
      en: 'A patrol must be answered within 100 ms, or the panel raises a computer communication fault and stops delivering; when the answer returns it sends everything again.',
      zh: '巡检须在 100 毫秒内应答,否则控制器报计算机通信故障并停止上报;恢复应答后会重发全部。',
    },
    { en: 'The document and one site say 8N2; another firmware runs 8N1.', zh: '文档与一处现场为 8N2,另一固件为 8N1。' },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 2 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => layoutOf(packet)?.describe(packet) ?? [],
  answer: (packet) => answerPatrol(packet, 0),
  resync: (packet, step) => (step === 0 ? answerPatrol(packet, RESET) : null),
  meanwhile: (packet) => answerPatrol(packet, 0),
  saysOnce: true,
  identity: datedIdentity(decode),
  emits: [
    { bytes: 'f0 ?? 03 a2 00 00 ?? ??', en: 'answer: normal', zh: '应答:正常' },
    { bytes: 'f0 ?? 03 a2 a1 00 ?? ??', en: 'answer: please send all events again', zh: '应答:请重发全部事件' },
  ],
  neverSent: [
    { bytes: 'f0 ?? ?? a1 *', en: 'reset', zh: '复位' },
    { bytes: 'f0 ?? ?? a4 *', en: 'clock', zh: '校时' },
    { bytes: 'f0 ?? ?? a5 *', en: 'event', zh: '事件' },
    { bytes: 'f0 ?? ?? ac *', en: 'undocumented AC', zh: '未说明的 AC' },
  ],
  answerWithinMs: 100,
  gapMs: 50,
  silenceMs: 90_000,
  repeatMs: 2000,
  play: {
    idle: () => bare(1, PATROL),
    idleEveryMs: 1000,
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
  },
};
