import { code8, hexOf } from '../codec/digits.ts';
import { u8 } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const EVENT = layout({ command: field(code8, 'command', '命令'), loop: field(u8, 'loop', '回路'), address: field(u8, 'address', '地址') });

const POLL = 0x20;
const IDLE = 0x7f;
const STUCK = 0xfb;

/** First bytes of three. 03, 04, 06, 07, 0A, 0C, 0D, 41–43, 45 and 51 rest on one implementation. */
const COMMANDS: Sayings = {
  1: says('fire', 'fire', '火警'),
  2: says('fault', 'fault', '故障'),
  3: says('fault', 'detector fault', '探测器故障', 'detector'),
  4: says('fault', 'linkage failed', '联动失败', 'linkage-failed'),
  5: says('fault-restored', 'fault restored', '故障恢复'),
  6: says('fault-restored', 'detector restored', '探测器恢复', 'detector'),
  7: says('fault', 'area-display fault', '区域显示器故障', 'display'),
  13: says('fault-restored', 'area-display restored', '区域显示器恢复', 'display'),
  9: says('feedback', 'linkage answered', '联动应答'),
  10: says('feedback', 'linkage answered (second code)', '联动应答(第二代码)'),
  11: says('feedback-ended', 'answer gone', '应答消失'),
  12: says('feedback-ended', 'answer gone (second code)', '应答消失(第二代码)'),
  48: says('silence', 'silence', '消音'),
  64: says('operation', 'linkage request', '联动请求', 'linkage-request'),
  65: says('operation', 'linkage request (second code)', '联动请求(第二代码)', 'linkage-request'),
  66: says('stop', 'stop', '停止'),
  67: says('stop', 'stop (second code)', '停止(第二代码)'),
  68: says('start', 'start', '启动'),
  69: says('start', 'start (second code)', '启动(第二代码)'),
  80: says('reset', 'reset', '复位'),
  81: says('reset', 'linkage reset', '联动复位', 'linkage'),
};
/** Supplies: the loop byte is 0 for normal, 1 for a fault. 08 is the battery in the older document. */
const SUPPLIES: Readonly<Record<number, 'main' | 'backup'>> = { 18: 'main', 19: 'backup', 8: 'backup' };
const WHOLE_PANEL = ['reset', 'silence'];

const cut: CutRule = {
  maxBytes: EVENT.size!,
  measure(bytes, from, to) {
    const first = bytes[from]!;
    if (first === POLL || first === IDLE || first === STUCK) return 1;
    if (!(first in COMMANDS) && !(first in SUPPLIES)) return NO_START;
    return to - from < EVENT.size! ? 'more' : EVENT.size!;
  },
};

function supplySaying(supply: 'main' | 'backup', loop: number): Saying | undefined {
  const [en, zh] = supply === 'main' ? ['mains', '主电'] : ['battery', '备电'];
  if (loop === 1) return says('power-fault', `${en} fault`, `${zh}故障`, supply);
  return loop === 0 ? says('power-restored', `${en} normal`, `${zh}正常`, supply) : undefined;
}

function decode(packet: Uint8Array): Decoded {
  const first = packet[0]!;
  if (first === POLL) return hostPacket({ command: '20' }, 'host poll');
  if (first === IDLE)
    return { fields: { ...FROM_PANEL, command: '7F', reads: 'nothing to report' }, observations: [{ what: 'heartbeat', address: {} }] };
  if (first === STUCK)
    return {
      fields: { ...FROM_PANEL, command: 'FB', reads: 'interface card stuck' },
      observations: [{ what: 'fault', address: {}, detail: 'interface-card' }],
      stuck: true,
    };
  const { command, loop, address } = EVENT.decode(packet);
  const supply = SUPPLIES[command];
  const saying = supply ? supplySaying(supply, loop) : COMMANDS[command];
  const said = spoken(saying);
  const whole = supply !== undefined || (said !== null && WHOLE_PANEL.includes(said.what));
  return {
    fields: { ...FROM_PANEL, command: hexOf(command), commandName: saying?.en ?? null, loop, address },
    observations: said ? [{ ...said, address: whole ? {} : { loop, point: address } }] : [],
    remarks: [
      ...(saying ? [] : ['supply byte is neither 0 nor 1: kept raw']),
      ...(command === 0x07 ? ['in the older document 07 is the mains'] : []),
    ],
  };
}

function say({ what, detail, address }: Stimulus): Uint8Array | null {
  if (what === 'heartbeat') return Uint8Array.of(IDLE);
  if (what === 'power-fault' || what === 'power-restored')
    return EVENT.encode({ command: detail === 'backup' ? 0x13 : 0x12, loop: what === 'power-fault' ? 1 : 0, address: 0 });
  const command = codeOf(COMMANDS, { what, detail });
  return command === null ? null : EVENT.encode({ command, loop: address.loop ?? 0, address: address.point ?? 0 });
}

/** Lida LD128E and LD128EN through the interface card LD6907E. */
export const LD128E: TalkingFamily = {
  shape: 'talks',
  name: 'ld128e',
  version: 1,
  title: { en: 'Lida LD128E / LD128EN (card LD6907E)', zh: '利达 LD128E / LD128EN(LD6907E 接口卡)' },
  tier: 1,
  basis: 'document, captures of one site',
  notes: [
    {
      en: 'No checksum and no length: a damaged byte can become another point. Data quality is low.',
      zh: '无校验、无长度:一个字节出错即可变成别的点位,数据质量低。',
    },
    {
      en: 'A card that answers only FB has its CAN-fault lamp lit; only power-cycling the card itself helped.',
      zh: '接口卡只应答 FB 时其 CAN 故障灯亮;只有给接口卡本身断电重启才有效。',
    },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => (packet.length === EVENT.size ? EVENT.describe(packet) : []),
  // The document says every 200 ms, a firmware 1 s.
  poll: { packet: () => Uint8Array.of(POLL), everyMs: 500 },
  emits: [{ bytes: '20', en: 'poll', zh: '巡检' }],
  neverSent: [
    { bytes: '30 *', en: 'silence', zh: '消音' },
    { bytes: '50 *', en: 'reset', zh: '复位' },
    { bytes: '51 *', en: 'linkage reset', zh: '联动复位' },
  ],
  gapMs: 50,
  silenceMs: 93_000,
  play: {
    onlyWhenPolled: true,
    answer: (packet, pending) => (packet[0] === POLL ? (pending ?? Uint8Array.of(IDLE)) : null),
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
  },
};
