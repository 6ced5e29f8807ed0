import { code8, hexDigits, hexOf } from '../codec/digits.ts';
import { u8 } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { timeParts } from '../codec/times.ts';
import type { Quantity } from '../event.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const PACKET = layout({
  head: field(hexDigits(2), 'head', '头'),
  address: field(u8, 'host number', '主机号'),
  code: field(code8, 'code', '代码'),
  loop: field(u8, 'loop', '回路'),
  point: field(u8, 'point', '点位'),
  hour: field(u8, 'hour, or value high', '时,或数值高字节'),
  minute: field(u8, 'minute, or value low', '分,或数值低字节'),
  second: field(u8, 'second, or unit', '秒,或单位'),
  end: field(hexDigits(1), 'end', '尾'),
});
const BYTES = PACKET.size!;

const cut: CutRule = {
  maxBytes: BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== 0x66 || (to - from > 1 && bytes[from + 1] !== 0xf0)) return NO_START;
    if (to - from < BYTES) return 'more';
    return bytes[from + BYTES - 1] === 0xfd ? BYTES : { why: 'terminator', claimedBytes: BYTES };
  },
};

const LIVE = 0x10;
const AT_ALARM = 0x17;
const MAINS = 0x12;
const BATTERY = 0x13;
const CODES: Sayings = {
  153: says('heartbeat', 'heartbeat', '心跳'),
  37: says('link', 'synchronise', '同步', 'synchronise'),
  32: says('reset', 'reset', '复位'),
  1: says('fire', 'fire', '火警'),
  3: says('fault', 'fault', '故障'),
  4: says('fault-restored', 'fault restored', '故障恢复'),
  11: says('shield', 'isolated', '屏蔽'),
  12: says('unshield', 'released', '屏蔽解除'),
  104: says('supervisory', 'supervisory', '监管'),
  105: says('feedback', 'feedback', '反馈'),
  2: says('feedback-ended', 'feedback withdrawn', '反馈撤销'),
  112: says('supervisory', 'low limit', '低限报警', 'low-limit'),
  113: says('supervisory', 'high limit', '高限报警', 'high-limit'),
  5: says('start', 'start, or supervisory start', '启动或监管启动'),
  6: says('stop', 'start stopped', '启动停止'),
  [LIVE]: says('reading', 'live value', '实时值'),
  [AT_ALARM]: says('reading', 'value at the alarm', '报警时数值', 'at-alarm'),
};
/** The last byte of a value: its unit. */
const UNITS: Readonly<Record<number, { readonly unit: string; readonly quantity: Quantity }>> = {
  0: { unit: 'mA', quantity: 'residual-current' },
  1: { unit: 'C', quantity: 'temperature' },
};
/** 电气火灾监控报警器: what this host is, and what its alarms are about unless the point table says otherwise. */
const ELECTRICAL_HOST = 16;
const WHOLE_HOST: readonly number[] = [0x99, 0x25, 0x20];

function supplySaying(code: number, loop: number): Saying | undefined {
  const [en, zh, detail] = code === MAINS ? ['mains', '主电', 'main'] : ['battery', '备电', 'backup'];
  if (loop === 1) return says('power-fault', `${en} fault`, `${zh}故障`, detail);
  return loop === 0 ? says('power-restored', `${en} restored`, `${zh}恢复`, detail) : undefined;
}
/** In place of the high byte of a value: a host asks for live values. No sensor measures 26 A or 26,000 °C. */
const ASKS = 0x66;

const two = (part: number) => String(part).padStart(2, '0');

function decode(packet: Uint8Array): Decoded {
  const { address, code, loop, point, hour, minute, second } = PACKET.decode(packet);
  const supply = code === MAINS || code === BATTERY;
  const saying = supply ? supplySaying(code, loop) : CODES[code];
  const said = spoken(saying);
  const fields = {
    ...FROM_PANEL,
    address,
    code: hexOf(code),
    codeName: saying?.en ?? null,
    loop,
    point,
    leakageChannel: loop >> 5,
    leakageLoop: loop & 0x1f,
  };
  const place = { controller: address, loop, point };
  const part = { componentType: ELECTRICAL_HOST };
  if (code === LIVE && hour === ASKS) return hostPacket(fields, 'host asks for live values');
  if (code === LIVE || code === AT_ALARM) {
    const unit = UNITS[second];
    const value = (hour << 8) | minute;
    const measured = unit ? { value, quantity: unit.quantity } : { value };
    return {
      fields: { ...fields, value, unit: unit?.unit ?? null },
      observations: said ? [{ ...said, address: place, ...part, ...measured }] : [],
      remarks: unit ? [] : ['unknown unit: kept raw'],
    };
  }
  // The top two bits of hour and minute mean something else.
  const time = `${two(hour & 0x3f)}:${two(minute & 0x3f)}:${two(second)}`;
  return {
    fields: { ...fields, time, ...(code === 0x20 ? { scope: loop === 1 && point === 1 ? 'network' : 'this host' } : {}) },
    observations: said
      ? [{ ...said, address: supply || WHOLE_HOST.includes(code) ? { controller: address } : place, ...(said.what === 'fire' ? part : {}) }]
      : [],
    remarks: saying ? [] : ['unknown code: kept raw'],
  };
}

function say({ what, detail, address, value, deviceTime }: Stimulus): Uint8Array | null {
  const supply = what === 'power-fault' || what === 'power-restored';
  const code = supply ? (detail === 'backup' ? BATTERY : MAINS) : codeOf(CODES, { what, detail });
  if (code === null || (what === 'reading' && value === undefined)) return null;
  const { hour, minute, second } = timeParts(deviceTime);
  const whole = supply || WHOLE_HOST.includes(code);
  const place = {
    loop: supply ? Number(what === 'power-fault') : whole ? 0 : (address.loop ?? 0),
    point: whole ? 0 : (address.point ?? 0),
  };
  const number = Math.round(value ?? 0);
  const last =
    what === 'reading' ? { hour: number >> 8, minute: number & 0xff, second: detail === 'temperature' ? 1 : 0 } : { hour, minute, second };
  return PACKET.encode({ head: '66F0', address: address.controller ?? 0, code, ...place, ...last, end: 'FD' });
}

const IDLE = PACKET.encode({ head: '66F0', address: 0, code: 0x99, loop: 0, point: 0, hour: 0, minute: 0, second: 0, end: 'FD' });

/** Electrical-fire host V3818, Fusaier. */
export const V3818: TalkingFamily = {
  shape: 'talks',
  name: 'v3818',
  version: 1,
  title: { en: 'Electrical-fire host V3818 (Fusaier)', zh: '富赛尔 V3818 电气火灾监控主机' },
  tier: 1,
  basis: 'document; captures of heartbeats and readings, alarms by document alone',
  notes: [
    { en: 'No checksum: data quality is low.', zh: '无校验,数据质量低。' },
    {
      en: 'Code 01 is fire, and supervisory for gas, temperature and current detectors: the point table tells which.',
      zh: '代码 01 为火警;气体、温度、电流探测器为监管,由点表区分。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => (packet.length === BYTES ? PACKET.describe(packet) : []),
  emits: [],
  neverSent: [
    { bytes: '66 f0 ?? 10 *', en: 'ask for live values', zh: '请求实时值' },
    { bytes: '66 f0 ?? 20 *', en: 'reset', zh: '复位' },
    { bytes: '66 f0 ?? 25 *', en: 'synchronise', zh: '同步' },
  ],
  gapMs: 100,
  silenceMs: 93_000,
  play: { idle: () => IDLE.slice(), idleEveryMs: 11_000, say: (stimulus) => orNull(() => say(stimulus)) },
};
