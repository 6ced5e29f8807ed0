import { u16be } from '../codec/big-endian.ts';
import { sum16 } from '../codec/checksums.ts';
import { code8, hexDigits, hexOf } from '../codec/digits.ts';
import { raw, u8 } from '../codec/fields.ts';
import { hex, toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { clockOf, deviceClock } from '../codec/times.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const clock = deviceClock(['century', 'year', 'month', 'day', 'hour', 'minute']);

const HEAD = {
  head: field(hexDigits(3), 'head', '头'),
  cmd: field(code8, 'command', '命令'),
  a: field(code8, 'first byte behind the command', '命令后第一字节'),
  b: field(code8, 'second byte behind the command', '命令后第二字节'),
  to: field(code8, 'to (6E is the host)', '目的(6E 为上位机)'),
  from: field(code8, 'from', '来源'),
  length: field(u8, 'length of the data', '数据长度'),
};
const SUM = { sum: field(u16be, 'sum', '累加和') };
const SHORT = layout({ ...HEAD, data: field(code8, 'data', '数据'), ...SUM });
const EVENT = layout({
  ...HEAD,
  sub: field(code8, 'sub-command', '子命令'),
  zero: field(code8, '00', '00'),
  loop: field(u8, 'loop', '回路'),
  point: field(u8, 'point', '点位'),
  time: field(clock, 'device time', '设备时间'),
  rawAfterTime: field(code8, 'raw byte (a detector value in fires)', '原始字节(火警时为探测值)'),
  rest: field(raw(8), 'rest', '其余'),
  ...SUM,
});
const EVENT_DATA = 0x13;
const HEAD_BYTES = 9;
const DATA_MAX = 64;
const HOST = 0x6e;

const cut: CutRule = {
  maxBytes: HEAD_BYTES + DATA_MAX + 2,
  measure(bytes, from, to) {
    if (bytes[from] !== 0xff) return NO_START;
    if (to - from < HEAD_BYTES) return 'more';
    if (bytes[from + 1] !== 0xff) return NO_START;
    const whole = bytes[from + 2] === 0xff;
    // A head that lost one FF on the line: the rest of its frame is no packet, and one piece of noise.
    const at = whole ? from : from - 1;
    const data = bytes[at + 8]!;
    if ((bytes[at + 6] !== HOST && bytes[at + 7] !== HOST) || data === 0 || data > DATA_MAX) return NO_START;
    const length = HEAD_BYTES + data + 2;
    if (!whole) return { why: 'checksum', claimedBytes: length - 1 };
    if (to - from < length) return 'more';
    const sum = (bytes[from + length - 2]! << 8) | bytes[from + length - 1]!;
    return sum === sum16(bytes, from + 3, from + length - 2) ? length : { why: 'checksum', claimedBytes: length };
  },
};

/** By command, then by sub-command; `any` where the sub-command does not matter. */
const COMMANDS: Readonly<Record<number, { readonly any?: Saying; readonly subs?: Sayings }>> = {
  10: { any: says('fire', 'fire', '火警') },
  128: { any: says('fire', 'fire (second code)', '火警(第二代码)') },
  11: {
    subs: {
      0: says('fault', 'offline or fault', '离线或故障'),
      1: says('fault-restored', 'online or restored', '在线或恢复'),
      2: says('shield', 'isolated', '屏蔽'),
      3: says('unshield', 'released', '屏蔽解除'),
      5: says('power-fault', 'mains fault', '主电故障', 'main'),
      6: says('power-restored', 'mains restored', '主电恢复', 'main'),
      7: says('power-fault', 'battery fault', '备电故障', 'backup'),
      8: says('power-restored', 'battery restored', '备电恢复', 'backup'),
    },
  },
  12: {
    subs: {
      131: says('start', 'automatic start', '自动启动'),
      132: says('stop', 'automatic stop', '自动停止'),
      133: says('feedback', 'feedback', '反馈'),
      136: says('feedback', 'start answered', '启动应答', 'start-answered'),
      137: says('fault', 'start not answered', '启动无应答', 'start-unanswered'),
      144: says('start', 'manual start', '手动启动', 'manual'),
      145: says('stop', 'manual stop', '手动停止', 'manual'),
    },
  },
  13: { any: says('reset', 'reset', '复位') },
  19: { any: says('heartbeat', 'idle', '空闲') },
};
const WHOLE_PANEL = ['power-fault', 'power-restored'];

function decodeEvent(packet: Uint8Array): Decoded {
  const { time, ...event } = EVENT.decode(packet);
  const { cmd, sub, loop, point } = event;
  const saying = COMMANDS[cmd]?.any ?? COMMANDS[cmd]?.subs?.[sub];
  const said = spoken(saying);
  // Isolation frames carry a date and no time.
  const dateOnly = cmd === 0x0b && (sub === 0x02 || sub === 0x03) && time[4] === 0 && time[5] === 0;
  const read = clockOf(clock, time);
  const dated = dateOnly ? { deviceTime: null, deviceDate: read.deviceTime?.slice(0, 10) ?? null, deviceTimeRaw: toHex(time) } : read;
  const address = said && WHOLE_PANEL.includes(said.what) ? {} : { loop, point };
  const { time: _, timeHex: __, rest, ...view } = EVENT.view({ ...event, time });
  return {
    fields: { ...FROM_PANEL, ...view, controller: event.from, saying: saying?.en ?? null, ...dated, rest },
    observations: said ? [{ ...said, address, deviceTime: dated.deviceTime }] : [],
    remarks: saying ? [] : ['unknown command or sub-command: kept raw'],
  };
}

function decode(packet: Uint8Array): Decoded {
  const isEvent = packet[8] === EVENT_DATA;
  const toHost = packet[6] === HOST;
  if (isEvent && toHost) return decodeEvent(packet);
  const cmd = packet[3]!;
  const fields = packet.length === SHORT.size ? SHORT.view(SHORT.decode(packet)) : { cmd: hexOf(cmd), data: toHex(packet.subarray(9, -2)) };
  if (!toHost) return hostPacket(fields, 'host poll');
  const saying = COMMANDS[cmd]?.any;
  const said = spoken(saying);
  return {
    fields: { ...FROM_PANEL, ...fields, controller: packet[7], saying: saying?.en ?? null },
    observations: said ? [{ ...said, address: {} }] : [],
    remarks: saying ? [] : ['unknown command: kept raw'],
  };
}

function summed(packet: Uint8Array): Uint8Array {
  u16be.write(packet, packet.length - 2, sum16(packet, 3, packet.length - 2));
  return packet;
}

const short = (cmd: number) => summed(SHORT.encode({ head: 'FFFFFF', cmd, a: 1, b: 1, to: HOST, from: 1, length: 1, data: 0, sum: 0 }));
const POLL = summed(SHORT.encode({ head: 'FFFFFF', cmd: 0x09, a: 0, b: 0, to: 1, from: HOST, length: 1, data: 0x0a, sum: 0 }));
const IDLE = short(0x13);

function say({ what, detail, address, deviceTime }: Stimulus): Uint8Array | null {
  if (what === 'reset') return short(0x0d);
  if (what === 'heartbeat') return IDLE.slice();
  const wish = detail === undefined ? { what } : { what, detail };
  const rows = Object.entries(COMMANDS).flatMap(([cmd, { any, subs = {} }]) => {
    const sub = any?.what === what ? 0 : codeOf(subs, wish);
    return sub === null ? [] : [{ cmd: Number(cmd), sub }];
  });
  const row = rows[0];
  if (!row) return null;
  const place = { loop: address.loop ?? 0, point: address.point ?? 0 };
  const event = { head: 'FFFFFF', a: 1, b: 1, to: HOST, from: 0, length: EVENT_DATA, ...row, zero: 0, ...place, rawAfterTime: 0, sum: 0 };
  return summed(EVENT.encode({ ...event, time: clock.parse(deviceTime), rest: hex('0000000000000000') }));
}

/** Jade Bird native CRT line, "FF FF FF" (JBF-5010, 11SF). */
export const JBF_NATIVE: TalkingFamily = {
  shape: 'talks',
  name: 'jbf-native',
  version: 1,
  title: { en: 'Jade Bird native CRT (JBF-5010, 11SF)', zh: '青鸟自有 CRT 协议(JBF-5010、11SF)' },
  tier: 1,
  basis: 'captures of three sites, an independent implementation; sums recomputed',
  notes: [
    {
      en: 'Some sites push without being polled, some only answer: we poll and listen.',
      zh: '有的现场主动上报,有的仅应答巡检:本系统既巡检也监听。',
    },
  ],
  line: { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) =>
    packet[8] === EVENT_DATA && packet.length === EVENT.size
      ? EVENT.describe(packet)
      : packet.length === SHORT.size
        ? SHORT.describe(packet)
        : [],
  poll: { packet: () => POLL.slice(), everyMs: 1000 },
  emits: [{ bytes: 'ff ff ff 09 00 00 01 6e 01 0a 00 83', en: 'poll', zh: '巡检' }],
  neverSent: [{ bytes: 'ff ff ff 0a *', en: 'poll with command 0A, seen with a wrong sum', zh: '命令 0A 的巡检(现场见到错误累加和)' }],
  gapMs: 200,
  silenceMs: 93_000,
  play: {
    onlyWhenPolled: true,
    answer: (packet, pending) => (packet[7] === HOST ? (pending ?? IDLE.slice()) : null),
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
  },
};
