import { asciiBytes, asciiText } from '../codec/ascii.ts';
import { type Checksum, crc16Genibus, crc16Modbus } from '../codec/checksums.ts';
import { raw } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { FROM_PANEL, keyOf, orNull, packetsOnly, type Saying, says, spoken } from './saying.ts';

const PACKET = layout({
  head: field(raw(1), 'head @', '头 @'),
  event: field(raw(3), 'event', '事件'),
  digits: field(raw(21), 'digits, layout not settled', '数字(布局未定)'),
  crc: field(raw(6), 'CRC, six digits', 'CRC(六位数字)'),
  end: field(raw(1), 'end #', '尾 #'),
});
const BYTES = PACKET.size!;
const SIGNED_BYTES = 25;

/** "CRC, init FFFF": which polynomial is not documented. The card's kin OXX20 uses 1021 with a final XOR. */
const CRCS: Readonly<Record<string, Checksum>> = {
  '1021 with final XOR': crc16Genibus,
  '1021': (bytes, from, to) => crc16Genibus(bytes, from, to) ^ 0xffff,
  modbus: crc16Modbus,
};
/** The CRC as six digits: two bytes of three digits, or one number. */
const writings = (crc: number) => [
  `${String(crc >> 8).padStart(3, '0')}${String(crc & 0xff).padStart(3, '0')}`,
  String(crc).padStart(6, '0'),
];

function crcName(bytes: Uint8Array, from: number): string | null {
  const sent = asciiText(bytes.subarray(from + SIGNED_BYTES, from + SIGNED_BYTES + 6));
  return Object.entries(CRCS).find(([, crc]) => writings(crc(bytes, from, from + SIGNED_BYTES)).includes(sent))?.[0] ?? null;
}

const cut: CutRule = {
  maxBytes: BYTES,
  measure(bytes, from, to) {
    if (bytes[from] !== 0x40) return NO_START;
    if (to - from < BYTES) return 'more';
    if (bytes[from + BYTES - 1] !== 0x23) return { why: 'terminator', claimedBytes: BYTES };
    return crcName(bytes, from) ? BYTES : { why: 'checksum', claimedBytes: BYTES };
  },
};

const fault = (detail: string): Saying => says('fault', `fault ${detail}`, `故障 ${detail}`, detail);
const FAULTS = [
  'FAT',
  'DCF',
  'DDR',
  'BMF',
  'BCF',
  'ERR',
  'FCF',
  'ILF',
  'LBS',
  'LBL',
  'LBF',
  'NDR',
  'OLF',
  'POO',
  'RLF',
  'SFA',
  'SYF',
  'TFA',
];
const EVENTS: Readonly<Record<string, Saying>> = {
  FIR: says('fire', 'fire', '火警'),
  ...Object.fromEntries(FAULTS.map((event) => [event, fault(event)])),
  RST: says('reset', 'reset', '复位'),
  MFA: says('power-fault', 'mains fault', '主电故障', 'main'),
  MFR: says('power-restored', 'mains restored', '主电恢复', 'main'),
  BFA: says('power-fault', 'battery fault', '备电故障', 'backup'),
  BFR: says('power-restored', 'battery restored', '备电恢复', 'backup'),
  ISO: says('shield', 'isolated', '隔离'),
  FCI: says('shield', 'isolated (FCI)', '隔离(FCI)', 'FCI'),
  SIS: says('shield', 'isolated (SIS)', '隔离(SIS)', 'SIS'),
  ISR: says('unshield', 'released', '隔离解除'),
  STA: says('start', 'start', '启动'),
  STP: says('stop', 'stop', '停止'),
  RET: says('feedback', 'feedback', '反馈'),
  RTS: says('feedback-ended', 'feedback gone', '反馈消失'),
  PON: says('operation', 'power on', '开机', 'power-on'),
  POF: says('operation', 'power off', '关机', 'power-off'),
  HLM: says('manual', 'manual', '手动'),
  LPE: says('automatic', 'automatic allowed', '自动允许'),
  LAL: says('automatic', 'automatic allowed (LAL)', '自动允许(LAL)', 'LAL'),
  DLL: says('manual', 'automatic forbidden', '自动禁止', 'DLL'),
  STI: says(null, 'clock', '校时'),
  WAT: says('text', 'maintenance', '维护', 'maintenance'),
  RTM: says('text', 'other', '其他', 'other'),
};

function decode(packet: Uint8Array): Decoded {
  const { event, digits } = PACKET.decode(packet);
  const tag = asciiText(event);
  const saying = EVENTS[tag];
  const said = spoken(saying);
  return {
    fields: { ...FROM_PANEL, event: tag, eventName: saying?.en ?? null, digits: asciiText(digits), crc: crcName(packet, 0) },
    observations: said ? [{ ...said, address: {} }] : [],
    remarks: ['the digits hold the point in a layout that is not settled: no address', ...(saying ? [] : ['unknown event: kept raw'])],
  };
}

function say({ what, detail }: Stimulus): Uint8Array | null {
  const tag = keyOf(EVENTS, { what, detail });
  if (tag === null) return null;
  const signed = asciiBytes(`@${tag}${'0'.repeat(21)}`);
  return Uint8Array.from([...signed, ...asciiBytes(writings(crc16Genibus(signed))[0]!), 0x23]);
}

/** Taihean TX3607 card on FW19000. */
export const TX3607: TalkingFamily = {
  shape: 'talks',
  name: 'tx3607',
  version: 1,
  title: { en: 'Taihean TX3607 card on FW19000', zh: '泰和安 TX3607 卡(FW19000)' },
  tier: 3,
  basis: 'one implementation; no sample',
  notes: [
    {
      en: 'The event is known, the point inside the digits is not: every event stands for the whole panel until a sample settles it.',
      zh: '事件类型可知,数字中的点位布局未定:在取得样本前,事件均按整台控制器上报。',
    },
  ],
  line: { baudRate: 28_800, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => (packet.length === BYTES ? PACKET.describe(packet) : []),
  emits: [],
  neverSent: [],
  gapMs: 200,
  silenceMs: 93_000,
  // The card says an event again within 5 s.
  repeatMs: 6000,
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
