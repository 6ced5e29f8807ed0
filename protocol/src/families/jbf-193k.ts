import { crc8Maxim, sum8 } from '../codec/checksums.ts';
import { hexOf, nibblePair, spacedHex } from '../codec/digits.ts';
import { raw } from '../codec/fields.ts';
import { hex } from '../codec/hex.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { clockOf, deviceClock, NIBBLES } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import {
  COMMANDS,
  ELECTRICAL,
  ELECTRICAL_KINDS,
  FIRE_DOOR,
  FIRE_DOOR_KINDS,
  MULTI_WIRE_LOOP,
  SUPPLIES,
  SUPPRESSION,
} from './jbf-193k-codes.ts';
import { codeOf, datedIdentity, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, spoken } from './saying.ts';

const clock = deviceClock(['year', 'month', 'day', 'hour', 'minute', 'second'], NIBBLES);
const SHORT_BYTES = 26;
const LONG_BYTES = 36;

const BODY = {
  head: field(raw(1), 'head', '头'),
  command: field(nibblePair, 'command (D1)', '命令(D1)'),
  controller: field(nibblePair, 'controller (D2)', '控制器(D2)'),
  loop: field(nibblePair, 'loop (D3)', '回路(D3)'),
  point: field(nibblePair, 'point (D4)', '点位(D4)'),
  partType: field(nibblePair, 'part type (D5)', '部件类型(D5)'),
  time: field(clock, 'device time (D6–D11)', '设备时间(D6–D11)'),
  sum: field(nibblePair, 'sum (D12)', '累加和(D12)'),
};
const TAIL = { tail: field(raw(1), 'tail', '尾') };
const SHORT = layout({ ...BODY, ...TAIL });
const LONG = layout({
  ...BODY,
  kind: field(nibblePair, 'kind and state (D13)', '种类与状态(D13)'),
  channel: field(nibblePair, 'channel (D14)', '通道(D14)'),
  valueLow: field(nibblePair, 'value, low byte (D15)', '数值低字节(D15)'),
  valueHigh: field(nibblePair, 'value, high byte (D16)', '数值高字节(D16)'),
  crc8: field(nibblePair, 'CRC-8', 'CRC-8'),
  ...TAIL,
});
type Packet = LayoutValue<typeof SHORT> & Partial<LayoutValue<typeof LONG>>;

/** The data bytes D1… behind the nibble coding. */
function dataOf(packet: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (packet.length - 2) / 2 }, (_, index) => nibblePair.read(packet, 1 + 2 * index));
}

/** D1 of answers and heartbeats, whose sum some cards leave at 00. */
const SUM_MAY_BE_ZERO: readonly number[] = [0x00, 0x09, 0x69];

type SumRule = 'D1..D11' | 'D1..D5' | 'zero';
/** Which of the three sum habits of the cards a packet follows; null: none. */
function sumRuleOf(data: Uint8Array): SumRule | null {
  if (data[11] === sum8(data, 0, 11)) return 'D1..D11';
  if (data[11] === sum8(data, 0, 5)) return 'D1..D5';
  return data[11] === 0 && SUM_MAY_BE_ZERO.includes(data[0]!) ? 'zero' : null;
}

const cut: CutRule = {
  maxBytes: LONG_BYTES,
  leastBytes: (_, from, to) => (to - from < SHORT_BYTES ? SHORT_BYTES : LONG_BYTES),
  measure(bytes, from, to) {
    if (bytes[from] !== 0x82) return NO_START;
    for (let at = from + 1; at < to && at < from + LONG_BYTES; at++) {
      const length = at - from + 1;
      if (bytes[at] === 0x83) {
        if (length !== SHORT_BYTES && length !== LONG_BYTES) return { why: 'length', claimedBytes: length };
        return sumRuleOf(dataOf(bytes.subarray(from, at + 1))) ? length : { why: 'checksum', claimedBytes: length };
      }
      if (bytes[at]! >> 4 !== 3) return { why: 'terminator', claimedBytes: length };
    }
    return to - from < LONG_BYTES ? 'more' : { why: 'terminator', claimedBytes: LONG_BYTES };
  },
};

/** What one packet says, before the reading of its command: where, and which row of which table. */
interface Reading {
  readonly saying?: Saying | undefined;
  readonly address?: Observation['address'];
  readonly fields?: Record<string, unknown>;
  readonly measured?: Pick<Observation, 'value' | 'quantity'>;
  readonly alarms?: readonly string[];
  readonly componentType?: number;
}

function readSuppression({ controller, loop, point }: Packet): Reading {
  const saying = SUPPRESSION[loop];
  const place = { panel: Math.floor((point - 1) / 4) + 1, zone: ((point - 1) & 3) + 1 };
  return {
    saying,
    componentType: 81,
    address: { controller, point },
    fields: { ...place, subEvent: `${hexOf(loop)} ${saying?.en ?? 'unknown'}` },
  };
}

function readMultiWire({ command, controller, loop, point }: Packet): Reading {
  const place = loop === MULTI_WIRE_LOOP && point > 0 ? { panel: Math.floor((point - 1) / 8) + 1, line: ((point - 1) & 7) + 1 } : {};
  return { saying: COMMANDS[command], fields: place, address: { controller, loop, point } };
}

function readFireDoor({ partType }: Packet): Reading {
  return { saying: FIRE_DOOR[partType >> 4], componentType: 102, fields: { doorType: FIRE_DOOR_KINDS[partType & 0x0f]?.en ?? null } };
}

function readElectrical({ partType, kind, channel, valueLow, valueHigh }: Packet): Reading {
  const code = kind ?? partType;
  const detector = ELECTRICAL_KINDS[code & 0x0f];
  const state = ELECTRICAL[code >> 4];
  const saying = state && detector && state.what === 'supervisory' ? { ...state, detail: detector.detail } : state;
  const alarms = saying?.what === 'supervisory' && detector ? { alarms: [detector.detail] } : {};
  const componentType = detector?.componentType ?? 16;
  const fields = { detector: detector?.en ?? null, ...(channel === undefined ? {} : { channel }) };
  if (!detector?.quantity || valueLow === undefined || valueHigh === undefined) return { saying, componentType, fields, ...alarms };
  const bits = (valueHigh << 8) | valueLow;
  const magnitude = detector.signed ? bits & 0x7fff : bits;
  const sign = detector.signed && bits & 0x8000 ? -1 : 1;
  const value = (sign * magnitude) / detector.perUnit;
  return {
    saying,
    componentType,
    fields: { ...fields, [detector.field]: value },
    measured: { value, quantity: detector.quantity },
    ...alarms,
  };
}

function readSupply({ command, controller, loop, point }: Packet): Reading {
  const saying = SUPPLIES[command]?.[loop];
  return { saying, address: command === 0x70 ? { controller, point } : { controller } };
}

const WHOLE_CONTROLLER: readonly number[] = [0x00, 0x69, 0xef, 0x01, 0x0b];

function read(packet: Packet): Reading {
  const { command, controller, loop, point } = packet;
  if (command === 0xfa) return readSuppression(packet);
  if (command === 0xfb) return readFireDoor(packet);
  if (command === 0xfc) return readElectrical(packet);
  if (command >= 0x51 && command <= 0x5a) return readMultiWire(packet);
  if (command in SUPPLIES) return readSupply(packet);
  const saying = COMMANDS[command];
  if (command === 0x09) return { saying, address: {}, fields: { cardVersion: `${controller}.${loop}`, ...cardOf(controller, loop) } };
  if (WHOLE_CONTROLLER.includes(command)) return { saying, address: { controller } };
  if (command === 0x87 || command === 0x88) return { saying, address: { controller, loop } };
  // A simulated alarm names the point before the real one.
  if (command === 0x8b) return { saying, address: { controller, loop, point: (point + 1) & 0xff } };
  return { saying };
}

/** The card an edition of the firmware belongs to: 193K 1.8 and from 2.0, 293K 1.0 and 1.1. */
function cardOf(major: number, minor: number): { card?: string } {
  if (major === 1 && minor <= 1) return { card: '293K' };
  return major === 2 || (major === 1 && minor === 8) ? { card: '193K' } : {};
}

function remarksOf(rule: SumRule | null, crc8Ok: boolean | undefined, known: boolean): string[] {
  const remarks: string[] = [];
  if (rule !== 'D1..D11') remarks.push(`sum by the habit "${rule ?? 'unknown'}"`);
  if (crc8Ok === false) remarks.push('CRC-8 does not fit');
  if (!known) remarks.push('unknown code: kept raw');
  return remarks;
}

function decode(bytes: Uint8Array): Decoded {
  const data = dataOf(bytes);
  if (data.every((byte) => byte === 0)) return hostPacket({ data: spacedHex(data) }, 'host poll');
  const packet: Packet = bytes.length === LONG_BYTES ? LONG.decode(bytes) : SHORT.decode(bytes);
  const { command, controller, loop, point, partType } = packet;
  const rule = sumRuleOf(data);
  const crc8Ok = packet.crc8 === undefined ? undefined : packet.crc8 === crc8Maxim(bytes, 0, 16);
  const { saying, address = { controller, loop, point }, fields, measured, alarms, componentType } = read(packet);
  const time = clockOf(clock, packet.time);
  const said = spoken(saying);
  return {
    fields: {
      ...FROM_PANEL,
      ...{ data: spacedHex(data), command: hexOf(command), commandName: saying?.en ?? null, controller, loop, point, partType },
      ...{ ...time, sumRule: rule, ...(crc8Ok === undefined ? {} : { crc8Ok }), ...(alarms ? { alarms } : {}), ...fields },
    },
    observations: said
      ? [
          {
            ...said,
            address,
            deviceType: partType,
            deviceTime: time.deviceTime,
            ...(componentType === undefined ? {} : { componentType }),
            ...measured,
          },
        ]
      : [],
    remarks: remarksOf(rule, crc8Ok, saying !== undefined),
  };
}

/** Writes a packet with the sum the documents call the rule: D1–D11. */
function encode(values: Omit<LayoutValue<typeof SHORT>, 'head' | 'tail' | 'sum'>): Uint8Array {
  const packet = SHORT.encode({ ...values, head: hex('82'), tail: hex('83'), sum: 0 });
  nibblePair.write(packet, 23, sum8(dataOf(packet), 0, 11));
  return packet;
}

const quiet = { controller: 0, loop: 0, point: 0, partType: 0, time: clock.parse(null) };
const POLL = encode({ command: 0, ...quiet });

function say({ what, detail, address, deviceType, deviceTime }: Stimulus): Uint8Array | null {
  const { controller = 1, loop = 0, point = 0 } = address;
  const partType = deviceType ?? 0;
  const time = clock.parse(deviceTime);
  const power = Object.entries(SUPPLIES).find(
    ([, table]) => codeOf(table, { what }) !== null && (detail === undefined || table[0x80]?.detail === detail),
  );
  if (what.startsWith('power-') && power)
    return encode({ command: Number(power[0]), controller, loop: codeOf(power[1], { what })!, point, partType, time });
  const command = codeOf(COMMANDS, { what, ...(detail === undefined ? {} : { detail }) });
  if (command === null) return null;
  return encode({ command, controller, loop, point: command === 0x8b ? point - 1 : point, partType, time });
}

/** Jade Bird JBF-193K and JBF-293K cards: a serial window on the outer CAN of 11S, 11SF, 501X and their kin. */
export const JBF_193K: TalkingFamily = {
  shape: 'talks',
  name: 'jbf-193k',
  version: 1,
  title: { en: 'Jade Bird JBF-193K / JBF-293K card', zh: '青鸟 JBF-193K / JBF-293K 接口卡' },
  tier: 1,
  basis: 'card protocols v1.8, v2.3 (193K) and v1.1 (293K); independent implementations',
  notes: [
    {
      en: 'The switches of a 193K are read at power-up: 8 on is RS-485, off RS-232.',
      zh: '193K 的拨码开关上电时读取:8 拨开为 RS-485,否则为 RS-232。',
    },
    {
      en: 'The clock of the card is random until the panel broadcasts its time (every 5 minutes).',
      zh: '接口卡上电后时钟随机,直到控制器广播时间(每 5 分钟)。',
    },
    { en: 'Documents before v2.3 print isolated and released the other way round.', zh: 'v2.3 之前的文档把屏蔽与解除屏蔽写反。' },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => (packet.length === LONG_BYTES ? LONG : SHORT).describe(packet),
  // About once a second, with every data byte zero; a card that is not polled for 3 s pushes by itself.
  poll: { packet: () => POLL.slice(), everyMs: 1000 },
  emits: [{ bytes: spacedHex(POLL), en: 'poll', zh: '巡检' }],
  // The control table of the document is marked "not supported": any other packet of the host would be one.
  neverSent: [
    { bytes: '82 38 *', en: 'control (D1 8x)', zh: '控制(D1 8x)' },
    { bytes: '82 39 *', en: 'control (D1 9x)', zh: '控制(D1 9x)' },
  ],
  gapMs: 200,
  silenceMs: 93_000,
  identity: datedIdentity(decode),
  play: {
    idle: (deviceTime) => encode({ command: 0, ...quiet, controller: 1, time: clock.parse(deviceTime) }),
    idleEveryMs: 3000,
    answer: (packet, pending) =>
      dataOf(packet).every((byte) => byte === 0) ? (pending ?? encode({ command: 9, ...quiet, controller: 2, loop: 3 })) : null,
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
  },
};
