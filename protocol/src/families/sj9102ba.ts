import { u16be } from '../codec/big-endian.ts';
import { crc16Genibus, crc16Modbus } from '../codec/checksums.ts';
import { hexOf } from '../codec/digits.ts';
import { toHex } from '../codec/hex.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Words } from '../words.ts';
import { codeOf, FROM_PANEL, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const FLAG = 0x7e;
const DATA_AT = 5;
const TAIL_BYTES = 3;
/** Offsets in the frame, as the one implementation has them. */
const AT = { kind: 5, controller: 6, loop: 8, point: 0x0b, deviceType: 0x0c, event: 0x27 } as const;

/** The document says "CRC-16, init FFFF" and not which polynomial: the maker's other panel uses the one of Modbus. */
const CRCS = {
  modbus: crc16Modbus,
  '1021': (bytes: Uint8Array, from?: number, to?: number) => crc16Genibus(bytes, from, to) ^ 0xffff,
} as const;
type CrcName = keyof typeof CRCS;

function crcOf(bytes: Uint8Array, from: number, length: number): CrcName | null {
  const sent = u16be.read(bytes, from + length - TAIL_BYTES);
  const names = Object.keys(CRCS) as CrcName[];
  return names.find((name) => CRCS[name](bytes, from + 1, from + length - TAIL_BYTES) === sent) ?? null;
}

const cut: CutRule = {
  maxBytes: DATA_AT + 255 + TAIL_BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== FLAG) return NO_START;
    if (to - from < DATA_AT) return 'more';
    const data = bytes[from + 4]!;
    if (bytes[from + 1] !== 0x01 || bytes[from + 3] !== 0x01 || data === 0) return NO_START;
    const length = DATA_AT + data + TAIL_BYTES;
    if (to - from < length) return 'more';
    if (bytes[from + length - 1] !== FLAG) return { why: 'terminator', claimedBytes: length };
    return crcOf(bytes, from, length) ? length : { why: 'checksum', claimedBytes: length };
  },
};

const KINDS: Sayings = {
  1: says('heartbeat', 'poll', '巡检'),
  2: says('fire', 'fire', '火警'),
  3: says('start', 'start', '启动'),
  6: says('fault', 'fault', '故障'),
  8: says('shield', 'isolated', '隔离'),
  10: says('operation', 'power-on', '开机', 'power-on'),
  12: says('reset', 'reset', '复位'),
};
/** The event byte: which fault it is. */
const EVENTS: Readonly<Record<number, Saying>> = {
  88: says('fire', 'fire', '火警'),
  90: says('start', 'start', '启动'),
  93: says('shield', 'isolated', '隔离'),
  94: says('power-fault', 'battery open', '备电断路', 'backup'),
  98: says('fault', 'device lost', '设备丢失', 'device-lost'),
  111: says('fault', 'bus open', '总线断路', 'bus'),
};
const TYPES: Readonly<Record<number, Words & { readonly componentType?: number }>> = {
  0: { en: 'alarm input', zh: '报警输入', componentType: 85 },
  1: { en: 'smoke', zh: '感烟', componentType: 42 },
  2: { en: 'heat', zh: '感温', componentType: 31 },
  3: { en: 'parallel', zh: '并接', componentType: 25 },
  4: { en: 'manual', zh: '手动按钮', componentType: 23 },
  5: { en: 'hydrant', zh: '消火栓', componentType: 24 },
  6: { en: 'linear heat', zh: '线型感温', componentType: 34 },
  7: { en: 'flame', zh: '火焰', componentType: 69 },
  8: { en: 'beam', zh: '光束', componentType: 43 },
  20: { en: 'supervisory input', zh: '监管输入', componentType: 85 },
  21: { en: 'pressure switch', zh: '压力开关', componentType: 99 },
  22: { en: 'combustible gas', zh: '可燃气体', componentType: 10 },
  23: { en: 'flow', zh: '水流', componentType: 96 },
  24: { en: 'residual current', zh: '剩余电流', componentType: 17 },
  25: { en: 'electrical temperature', zh: '电气测温', componentType: 18 },
  26: { en: 'signal valve', zh: '信号阀', componentType: 97 },
  27: { en: 'damper input', zh: '风阀输入', componentType: 103 },
  28: { en: 'power module', zh: '电源模块' },
  29: { en: 'display', zh: '显示器', componentType: 22 },
  30: { en: 'discharge warning', zh: '放气警告', componentType: 121 },
  31: { en: 'cylinder valve', zh: '瓶头阀', componentType: 101 },
  32: { en: 'start valve', zh: '启动阀', componentType: 101 },
  33: { en: 'control panel', zh: '控制盘', componentType: 81 },
  34: { en: 'release indication', zh: '放气指示', componentType: 121 },
};
const WHOLE: readonly string[] = ['heartbeat', 'reset', 'operation', 'power-fault'];

function decode(packet: Uint8Array): Decoded {
  const end = packet.length - TAIL_BYTES;
  const byte = (at: number) => (at < end ? packet[at] : undefined);
  const kind = packet[AT.kind]!;
  const event = byte(AT.event);
  const named = event === undefined ? undefined : EVENTS[event];
  const ofKind = KINDS[kind];
  // The event byte tells which fault it is, and what a class in no table says.
  const saying = named && (ofKind === undefined || ofKind.what === 'fault') ? named : ofKind;
  const said = spoken(saying);
  const [controller, loop, point, deviceType] = [byte(AT.controller), byte(AT.loop), byte(AT.point), byte(AT.deviceType)];
  const place = {
    ...(controller === undefined ? {} : { controller }),
    ...(loop === undefined ? {} : { loop }),
    ...(point === undefined ? {} : { point }),
  };
  const type = deviceType === undefined ? undefined : TYPES[deviceType];
  const address = said && WHOLE.includes(said.what) ? (controller === undefined ? {} : { controller }) : place;
  const part =
    said && WHOLE.includes(said.what)
      ? {}
      : {
          ...(deviceType === undefined ? {} : { deviceType }),
          ...(type?.componentType === undefined ? {} : { componentType: type.componentType }),
        };
  return {
    fields: {
      ...{
        ...FROM_PANEL,
        kind: hexOf(kind),
        kindName: saying?.en ?? null,
        ...place,
        deviceType: deviceType ?? null,
        deviceTypeName: type?.en ?? null,
      },
      ...{
        event: event === undefined ? null : hexOf(event),
        crc: crcOf(packet, 0, packet.length),
        data: toHex(packet.subarray(DATA_AT, end)),
      },
    },
    observations: said ? [{ ...said, address, ...part }] : [],
    remarks: saying ? [] : ['unknown class: kept raw'],
  };
}

function encode(kind: number, bytes: Readonly<Record<number, number>>): Uint8Array {
  const length = Object.keys(bytes).length === 0 ? 2 : AT.event - DATA_AT + 1;
  const packet = new Uint8Array(DATA_AT + length + TAIL_BYTES);
  packet.set([FLAG, 1, 0, 1, length, kind]);
  for (const [at, value] of Object.entries(bytes)) {
    if (value > 0xff) throw new RangeError(`${value} does not fit a byte`);
    packet[Number(at)] = value;
  }
  u16be.write(packet, packet.length - TAIL_BYTES, crc16Modbus(packet, 1, packet.length - TAIL_BYTES));
  packet[packet.length - 1] = FLAG;
  return packet;
}

function say({ what, detail, address, deviceType }: Stimulus): Uint8Array | null {
  const kind = codeOf(KINDS, { what: what === 'power-fault' ? 'fault' : what, detail });
  if (kind === null) return null;
  const event = what === 'power-fault' ? 0x5e : (codeOf(EVENTS, { what, detail }) ?? 0);
  if (what === 'heartbeat' || what === 'reset') return encode(kind, { [AT.controller]: address.controller ?? 1 });
  return encode(kind, {
    [AT.controller]: address.controller ?? 1,
    [AT.loop]: address.loop ?? 0,
    [AT.point]: address.point ?? 0,
    [AT.deviceType]: deviceType ?? 1,
    [AT.event]: event,
  });
}

/** Songjiang SJ9102BA CRT line. */
export const SJ9102BA: TalkingFamily = {
  shape: 'talks',
  name: 'sj9102ba',
  version: 1,
  title: { en: 'Songjiang SJ9102BA CRT', zh: '松江 SJ9102BA CRT' },
  tier: 3,
  basis: 'one implementation; no sample',
  notes: [
    {
      en: 'Which CRC-16 is not documented: the one of Modbus and the one of polynomial 1021 are both taken.',
      zh: 'CRC-16 种类无文档:Modbus 与 1021 多项式两种均接受。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  emits: [],
  neverSent: [],
  gapMs: 200,
  silenceMs: 93_000,
  repeatMs: 2000,
  play: { idle: () => encode(0x01, { [AT.controller]: 1 }), idleEveryMs: 5000, say: (stimulus) => orNull(() => say(stimulus)) },
};
