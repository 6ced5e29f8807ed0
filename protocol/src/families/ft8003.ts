import { sum8, xor8 } from '../codec/checksums.ts';
import { code8, hexDigits, hexOf } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { clockOf, deviceClock } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Words } from '../words.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const clock = deviceClock(['year', 'month', 'day', 'hour', 'minute', 'second']);
const HEAD = {
  head: field(hexDigits(3), 'head', '头'),
  xor: field(code8, 'XOR of the data', '数据异或'),
  sum: field(code8, 'sum of the data', '数据累加和'),
  length: field(u8, 'length of the data', '数据长度'),
};
const EVENT = layout({
  ...HEAD,
  event: field(code8, 'event', '事件'),
  controller: field(u8, 'controller', '控制器'),
  loop: field(u8, 'loop', '回路'),
  point: field(u8, 'address', '地址'),
  deviceType: field(u8, 'device type', '设备类型'),
  between: field(raw(2), 'not documented', '未说明'),
  time: field(clock, 'device time', '设备时间'),
});
const HEAD_BYTES = layout(HEAD).size!;
const DATA_MAX = 64;
const ACK = 0x66;
const PATROL = 0xe6;
const RESET = 0xe1;
const START_OR_RESET = 0x02;

const cut: CutRule = {
  maxBytes: HEAD_BYTES + DATA_MAX,
  measure(bytes, from, to) {
    if (bytes[from] === ACK) return 1;
    if (bytes[from] !== 0xaa) return NO_START;
    if (to - from < HEAD_BYTES) return 'more';
    const data = bytes[from + 5]!;
    if (bytes[from + 1] !== 0x55 || bytes[from + 2] !== 0xdf || data === 0 || data > DATA_MAX) return NO_START;
    const length = HEAD_BYTES + data;
    if (to - from < length) return 'more';
    const at = from + HEAD_BYTES;
    const right = bytes[from + 3] === xor8(bytes, at, from + length) && bytes[from + 4] === sum8(bytes, at, from + length);
    return right ? length : { why: 'checksum', claimedBytes: length };
  },
};

const EVENTS: Sayings = {
  1: says('fire', 'fire', '火警'),
  [START_OR_RESET]: says('start', 'start', '启动'),
  3: says('feedback', 'feedback', '反馈'),
  4: says('supervisory', 'supervisory', '监管'),
  6: says('fault', 'device fault', '设备故障'),
  7: says('fault', 'module fault', '模块故障', 'module'),
  13: says('stop', 'stop', '停止'),
  14: says('feedback-ended', 'feedback gone', '反馈撤销'),
  19: says('restored', 'supervisory gone', '监管撤销', 'supervisory'),
  24: says('fault-restored', 'fault restored', '故障恢复'),
  [RESET]: says('reset', 'reset', '复位'),
  [PATROL]: says('link', 'patrol', '巡检', 'patrol'),
};
/** 2D other fault, 2E its end: the kind stands in place of the address. */
const OTHER_FAULT = 0x2d;
const OTHER_RESTORED = 0x2e;
const OTHER_KINDS: Readonly<Record<number, Words & { readonly detail: string; readonly supply?: true }>> = {
  9: { en: 'transmitter', zh: '传输装置', detail: 'transmitter' },
  31: { en: 'mains', zh: '主电', detail: 'main', supply: true },
  32: { en: 'mains low', zh: '主电欠压', detail: 'main', supply: true },
  33: { en: 'battery', zh: '备电', detail: 'backup', supply: true },
};
const TYPES: Readonly<Record<number, Words & { readonly componentType?: number }>> = {
  1: { en: 'heat', zh: '感温', componentType: 31 },
  4: { en: 'smoke', zh: '感烟', componentType: 42 },
  5: { en: 'smoke and heat', zh: '烟温复合', componentType: 51 },
  6: { en: 'infrared point', zh: '点型红外', componentType: 62 },
  7: { en: 'UV point', zh: '点型紫外', componentType: 61 },
  9: { en: 'combustible gas', zh: '可燃气体', componentType: 10 },
  10: { en: 'beam', zh: '红外光束', componentType: 43 },
  11: { en: 'linear heat', zh: '线型感温', componentType: 34 },
  12: { en: 'alarm input', zh: '报警输入', componentType: 85 },
  13: { en: 'manual', zh: '手动按钮', componentType: 23 },
  14: { en: 'signal input', zh: '信号输入', componentType: 85 },
  31: { en: 'pulse output', zh: '脉冲输出', componentType: 86 },
  32: { en: 'level output', zh: '电平输出', componentType: 86 },
  35: { en: 'PA', zh: '广播' },
  36: { en: 'sounder-strobe', zh: '声光', componentType: 121 },
  37: { en: 'hydrant pump', zh: '消火栓泵', componentType: 91 },
  38: { en: 'sprinkler pump', zh: '喷淋泵', componentType: 95 },
  39: { en: 'jockey pump', zh: '稳压泵', componentType: 91 },
};

function otherSaying(event: number, kind: number): Saying {
  const row = OTHER_KINDS[kind];
  const restored = event === OTHER_RESTORED;
  if (row?.supply) return says(restored ? 'power-restored' : 'power-fault', row.en, row.zh, row.detail);
  return says(restored ? 'fault-restored' : 'fault', row?.en ?? 'other fault', row?.zh ?? '其他故障', row?.detail ?? 'other');
}

/** A body that ends early: what happened is known, where it did only as far as the bytes reach. */
function decodeShort(packet: Uint8Array, event: number): Decoded {
  const [, controller, loop, point] = packet.subarray(HEAD_BYTES);
  // One implementation takes 02 for a reset: with nothing behind it, it is one.
  const saying = event === START_OR_RESET && controller === undefined ? EVENTS[RESET] : EVENTS[event];
  const said = spoken(saying);
  const bare = said && ['reset', 'link'].includes(said.what);
  const place = point === undefined ? {} : { loop: loop!, point };
  const address = controller === undefined ? {} : { controller, ...(bare ? {} : place) };
  return {
    fields: { ...FROM_PANEL, event: hexOf(event), eventName: saying?.en ?? null, ...address, data: toHex(packet.subarray(HEAD_BYTES)) },
    observations: said ? [{ ...said, address }] : [],
    remarks: [...(saying ? [] : ['unknown event: kept raw']), ...(bare ? [] : ['short body'])],
  };
}

function decode(packet: Uint8Array): Decoded {
  if (packet[0] === ACK) return hostPacket({}, 'host acknowledges');
  const event = packet[HEAD_BYTES]!;
  if (packet.length < EVENT.size!) return decodeShort(packet, event);
  const read = EVENT.decode(packet);
  const other = event === OTHER_FAULT || event === OTHER_RESTORED;
  const saying = other ? otherSaying(event, read.point) : EVENTS[event];
  const said = spoken(saying);
  const time = clockOf(clock, read.time);
  const { controller, loop, point, deviceType } = read;
  const componentType = TYPES[deviceType]?.componentType;
  const part = other || componentType === undefined ? {} : { componentType };
  return {
    fields: {
      ...FROM_PANEL,
      event: hexOf(event),
      eventName: saying?.en ?? null,
      controller,
      loop,
      point,
      deviceType,
      deviceTypeName: TYPES[deviceType]?.en ?? null,
      ...time,
      data: toHex(packet.subarray(HEAD_BYTES)),
    },
    observations: said
      ? [{ ...said, address: other ? { controller } : { controller, loop, point }, deviceType, ...part, deviceTime: time.deviceTime }]
      : [],
    remarks: [
      ...(saying ? [] : ['unknown event: kept raw']),
      ...(event === START_OR_RESET ? ['another implementation takes 02 for a reset'] : []),
    ],
  };
}

function encode(data: Uint8Array): Uint8Array {
  return Uint8Array.of(0xaa, 0x55, 0xdf, xor8(data), sum8(data), data.length, ...data);
}

function say({ what, detail, address, deviceType, deviceTime }: Stimulus): Uint8Array | null {
  if (what === 'link') return encode(Uint8Array.of(PATROL));
  if (what === 'reset') return encode(Uint8Array.of(RESET));
  const supply = what === 'power-fault' || what === 'power-restored';
  const event = supply ? (what === 'power-fault' ? OTHER_FAULT : OTHER_RESTORED) : codeOf(EVENTS, { what, detail });
  if (event === null) return null;
  const point = supply ? (detail === 'backup' ? 0x21 : 0x1f) : (address.point ?? 0);
  const place = {
    event,
    controller: address.controller ?? 1,
    loop: address.loop ?? 0,
    point,
    deviceType: deviceType ?? 0x04,
    between: new Uint8Array(2),
  };
  return encode(EVENT.encode({ head: 'AA55DF', xor: 0, sum: 0, length: 0, ...place, time: clock.parse(deviceTime) }).subarray(HEAD_BYTES));
}

/** Nite FT8003 and JB-QG-FT. */
export const FT8003: TalkingFamily = {
  shape: 'talks',
  name: 'ft8003',
  version: 1,
  title: { en: 'Nite FT8003 / JB-QG-FT', zh: '尼特 FT8003 / JB-QG-FT' },
  tier: 3,
  basis: 'two implementations that disagree on code 02; no sample',
  notes: [
    {
      en: 'Code 02 is start in one implementation and reset in another: with one data byte it is read as reset, with a full body as start.',
      zh: '代码 02 在一种实现中为启动,另一种为复位:仅一字节数据时按复位,完整内容时按启动。',
    },
  ],
  line: { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  answer: (packet) => (packet.length > HEAD_BYTES && cut.measure(packet, 0, packet.length) === packet.length ? Uint8Array.of(ACK) : null),
  emits: [{ bytes: '66', en: 'acknowledged', zh: '确认' }],
  neverSent: [{ bytes: 'aa 55 df *', en: 'any frame of the panel', zh: '控制器的任何帧' }],
  gapMs: 200,
  silenceMs: 90_000,
  repeatMs: 2000,
  play: {
    idle: () => encode(Uint8Array.of(PATROL)),
    idleEveryMs: 5000,
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
    confirms: (packet) => packet[0] === ACK,
    repeatEveryMs: 3000,
  },
};
