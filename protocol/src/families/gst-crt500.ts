import { sum8 } from '../codec/checksums.ts';
import { hexDigits, hexOf } from '../codec/digits.ts';
import { u8 } from '../codec/fields.ts';
import { toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import type { Observation } from '../observation.ts';
import { GST_TYPES, gstAddress, gstPart } from './gst-codes.ts';
import { ALARM_STATES, type Body, CONTROLLER_STATUS, FAULT_STATES, HEADS, SUPERVISORY_TYPES } from './gst-crt500-codes.ts';
import { codeOf, FROM_PANEL, hostPacket, orNull, packetsOnly, type Saying, type Sayings, says, spoken } from './saying.ts';

const HEAD = { head: field(hexDigits(2), 'head', '头') };
const TAIL = { sum: field(u8, 'sum', '累加和'), end: field(hexDigits(1), 'end', '尾') };
const DEVICE = {
  code: field(hexDigits(3), 'user code', '用户编码'),
  type: field(hexDigits(1), 'device type, BCD', '设备类型(BCD)'),
  state: field(u8, 'state', '状态'),
};
const LAYOUTS = {
  device: layout({ ...HEAD, ...DEVICE, ...TAIL }),
  leakage: layout({ ...HEAD, ...DEVICE, current: field(u8, 'current value', '电流值'), ...TAIL }),
  status: layout({ ...HEAD, status: field(u8, 'controller status', '控制器状态'), ...TAIL }),
  bare: layout({ ...HEAD, end: field(hexDigits(1), 'end', '尾') }),
} as const;

const END = 0xbb;
/** A sum that would look like the end of a frame is sent as B5. */
const sumOf = (bytes: Uint8Array, from: number, to: number) => {
  const sum = sum8(bytes, from, to);
  return sum === END ? 0xb5 : sum;
};
const headAt = (bytes: Uint8Array, from: number) => HEADS[hexOf(bytes[from]!) + hexOf(bytes[from + 1]!)];
const OPENS_FRAME = new Set(Object.keys(HEADS).map((head) => Number.parseInt(head.slice(0, 2), 16)));
const GO = 0x0f;
const ACCEPT = 0x1f;
const CONTROLLERS_MAX = 0x3f;

function measureFrame(bytes: Uint8Array, from: number, to: number, body: Body): ReturnType<CutRule['measure']> {
  const length = LAYOUTS[body].size!;
  if (to - from < length) return 'more';
  if (bytes[from + length - 1] !== END) return { why: 'terminator', claimedBytes: length };
  if (body === 'bare') return length;
  return bytes[from + length - 2] === sumOf(bytes, from + 2, from + length - 2) ? length : { why: 'checksum', claimedBytes: length };
}

/** Frames by their head; else the single bytes of the conversation: a controller's address, 00, 0F, 1F. */
const cut: CutRule = {
  maxBytes: 10,
  measure(bytes, from, to) {
    const first = bytes[from]!;
    const head = OPENS_FRAME.has(first);
    if (head && to - from < 2) return 'more';
    const frame = head ? headAt(bytes, from) : undefined;
    // Such a byte is no echo of a controller: those of address 9, 10, 13 and 14 cannot be told from the head of a frame.
    if (head && !frame) return NO_START;
    if (frame) return measureFrame(bytes, from, to, frame.body);
    return first <= CONTROLLERS_MAX ? 1 : NO_START;
  },
};

/** Device types up to this are detectors and call points. */
const FIRE_TYPES_MAX = 11;

/** The reading rule of the document: with state 01 the device type decides, and so it does of what state 00 ends. */
function readAlarm(state: number, type: number): Saying | undefined {
  const supervisory = SUPERVISORY_TYPES[type];
  if (state === 0x01) return type <= FIRE_TYPES_MAX ? says('fire', 'fire', '火警') : (supervisory ?? says('feedback', 'feedback', '反馈'));
  if (state === 0x00 && type <= FIRE_TYPES_MAX) return says('restored', 'normal', '正常');
  return state === 0x00 && supervisory ? says('restored', 'normal', '正常', 'supervisory') : ALARM_STATES[state];
}

const LEAKAGE: Sayings = {
  0: says('restored', 'leakage over', '漏电恢复', 'supervisory'),
  1: says('supervisory', 'leakage alarm', '漏电报警', 'residual-current-high'),
};
const POWER_LOSS = ALARM_STATES[0x05];

/** What a frame says: its head, the state, and for an alarm the device type. No saying: it cannot be read. */
function sayingOf(head: (typeof HEADS)[string], state: number, type: number | null): Saying | undefined {
  if (head.says) return head.says;
  if (head.table === 'fault') return FAULT_STATES[state];
  if (head.body === 'leakage') return LEAKAGE[state] ?? ALARM_STATES[state];
  // Whatever the state 01 means with another head, behind this one it is no fire.
  if (head.table === 'power') return state === 0x01 ? POWER_LOSS : ALARM_STATES[state];
  return type === null ? (state > 0x01 ? ALARM_STATES[state] : undefined) : readAlarm(state, type);
}

function decodeDevice(packet: Uint8Array, head: (typeof HEADS)[string]): Decoded {
  const leakage = head.body === 'leakage' ? LAYOUTS.leakage.decode(packet) : null;
  const { head: bytes, code, type, state } = LAYOUTS.device.decode(packet);
  const deviceType = /^\d\d$/.test(type) ? Number(type) : null;
  const saying = sayingOf(head, state, deviceType);
  const said = spoken(saying);
  const measured = leakage ? { value: leakage.current, quantity: 'residual-current' as const } : {};
  const names = { deviceType: deviceType ?? type, deviceTypeName: deviceType === null ? null : (GST_TYPES[deviceType]?.en ?? null) };
  return {
    fields: {
      ...FROM_PANEL,
      head: bytes,
      frame: head.en,
      code,
      ...names,
      state,
      stateName: saying?.en ?? null,
      resend: head.resend,
      ...(leakage ? { current: leakage.current } : {}),
    },
    observations: said ? [{ ...said, address: gstAddress(code), ...(deviceType === null ? {} : gstPart(deviceType)), ...measured }] : [],
    remarks: [
      ...(saying ? [] : ['unknown state or type: kept raw']),
      ...(gstAddress(code).point === undefined ? ['user code is not BCD: no point'] : []),
    ],
  };
}

function decodeStatus(packet: Uint8Array, resend: boolean): Decoded {
  const { head, status } = LAYOUTS.status.decode(packet);
  const supply = CONTROLLER_STATUS[status & 0x0f];
  const mode: Observation[] = status & 0x80 ? [{ what: 'automatic', address: {} }] : status & 0x40 ? [{ what: 'manual', address: {} }] : [];
  const said = spoken(supply);
  const known = supply !== undefined || (status & 0x0f) === 0;
  const all: Observation[] = [...(said ? [{ ...said, address: {} }] : []), ...mode];
  const alive: Observation = { what: 'link', address: {}, detail: 'status' };
  return {
    fields: {
      ...FROM_PANEL,
      head,
      frame: 'controller status',
      status: hexOf(status),
      sprayAllowed: (status & 0x20) !== 0,
      supply: supply?.en ?? null,
      resend,
    },
    observations: all.length > 0 || !known ? all : [alive],
    remarks: known ? [] : ['unknown supply state: kept raw'],
  };
}

function decode(packet: Uint8Array): Decoded {
  const head = packet.length > 1 ? headAt(packet, 0) : undefined;
  if (!head) return decodeByte(packet[0]!);
  if (head.body === 'status') return decodeStatus(packet, head.resend);
  if (head.body !== 'bare') return decodeDevice(packet, head);
  const said = spoken(head.says);
  return {
    fields: { ...FROM_PANEL, head: toHex(packet.subarray(0, 2)).toUpperCase(), frame: head.en, resend: head.resend },
    observations: said ? [{ ...said, address: {} }] : [],
  };
}

/** Single bytes: what the host sends, and the panel's echo of its address, which is a sign of life and no event. */
function decodeByte(byte: number): Decoded {
  if (byte === GO) return hostPacket({}, 'host asks for one frame');
  if (byte === ACCEPT) return hostPacket({}, 'host accepts');
  if (byte === 0) return hostPacket({}, 'host selects a controller');
  return {
    fields: { ...FROM_PANEL, controller: byte, reads: `controller ${byte} answers` },
    observations: [{ what: 'link', address: { controller: byte }, detail: 'echo' }],
  };
}

function answer(packet: Uint8Array): Uint8Array | null {
  const measure = packet.length > 0 ? cut.measure(packet, 0, packet.length) : 0;
  if (measure !== packet.length) return null;
  if (packet.length > 1) return Uint8Array.of(ACCEPT);
  return packet[0] === 0 || packet[0] === GO || packet[0] === ACCEPT ? null : Uint8Array.of(GO);
}

function encodeDevice(head: string, code: string, type: number, state: number): Uint8Array {
  const packet = LAYOUTS.device.encode({ head, code, type: String(type).padStart(2, '0'), state, sum: 0, end: 'BB' });
  packet[packet.length - 2] = sumOf(packet, 2, packet.length - 2);
  return packet;
}

const IDLE = Uint8Array.of(0xf0, 0xf0, END);

function say({ what, detail, address, deviceType }: Stimulus): Uint8Array | null {
  const bare = Object.entries(HEADS).find(([, head]) => head.body === 'bare' && head.says?.what === what);
  if (bare) return Uint8Array.from([...headBytes(bare[0]), END]);
  const code = String(address.point ?? 1).padStart(6, '0');
  if (what === 'fire' || what === 'restored') return encodeDevice('0DDD', code, deviceType ?? 3, what === 'fire' ? 1 : 0);
  if (what === 'supervisory' || what === 'feedback') return encodeDevice('0DDD', code, deviceType ?? (what === 'feedback' ? 16 : 29), 1);
  const fault = codeOf(FAULT_STATES, detail === undefined ? { what } : { what, detail });
  if (fault !== null) return encodeDevice('0EEE', code, deviceType ?? 3, fault);
  const alarm = codeOf(ALARM_STATES, { what });
  return alarm === null ? null : encodeDevice('0DDD', code, deviceType ?? 76, alarm);
}

/** The two bytes of a head. */
function headBytes(head: string): number[] {
  return [Number.parseInt(head.slice(0, 2), 16), Number.parseInt(head.slice(2), 16)];
}

/** GST CRT line of GST500, GST5000, GST9000 and DH9000. */
export const GST_CRT500: TalkingFamily = {
  shape: 'talks',
  name: 'gst-crt500',
  version: 1,
  title: { en: 'GST CRT line (GST500, 5000, 9000, DH9000)', zh: '海湾 CRT 接口(GST500/5000/9000、DH9000)' },
  tier: 1,
  basis: 'document, captures, an independent implementation',
  notes: [
    {
      en: 'Needs a ninth bit: the first two bytes of a round go out with mark, 0F and 1F with space, within a window of 100 ms. This gateway does not make it: the serial library sets no mark or space parity on Linux and changes no parity on an open port. Use the Modbus card (gst-modbus) or the AA bus (gst-aa-bus); or put a microcontroller in between that sends the pair "address, 00" with mark and every other byte with space, and set ninthBitBridge on the wire.',
      zh: '需要第九位:每轮前两个字节为 MARK,0F 与 1F 为 SPACE,且须在 100 毫秒内切换。本网关不产生第九位:串口库在 Linux 上不支持 MARK/SPACE,也不能在已打开的串口上切换校验。请改用 Modbus 卡(gst-modbus)或 AA 总线(gst-aa-bus);或在中间加单片机桥接器(“地址、00”两字节以 MARK 发出,其余以 SPACE 发出),并在线路上设 ninthBitBridge。',
    },
    {
      en: 'Isolations are fetched by a command of their own, which is not sent: they are heard as fault state 01.',
      zh: '屏蔽信息另有读取命令,本系统不发送;屏蔽以故障状态 01 上报。',
    },
  ],
  line: { baudRate: 2400, dataBits: 8, parity: 'none', stopBits: 1 },
  cut,
  decode: packetsOnly(cut, decode),
  describe: (packet) => {
    const body = packet.length > 1 ? headAt(packet, 0)?.body : undefined;
    return body && packet.length === LAYOUTS[body].size ? LAYOUTS[body].describe(packet) : [];
  },
  poll: { packet: (_, unit = 1) => Uint8Array.of(unit, 0), everyMs: 300 },
  answer,
  emits: [
    { bytes: '?? 00', ninthBit: 'mark', en: 'select a controller', zh: '选择控制器' },
    { bytes: '0f', ninthBit: 'space', en: 'send one frame', zh: '请求一帧' },
    { bytes: '1f', ninthBit: 'space', en: 'accepted', zh: '已收到' },
  ],
  neverSent: [
    { bytes: '?? 5f', en: 'reset', zh: '复位' },
    { bytes: '?? 1b', en: 'silence', zh: '消音' },
    { bytes: '0c 0c *', en: 'device set: start, stop, isolate, release', zh: '设备控制:启动、停止、隔离、释放' },
    { bytes: 'fc 0c *', en: 'device set, repeated', zh: '设备控制(重发)' },
    { bytes: '09 09 *', en: 'alarm threshold', zh: '报警阈值' },
    { bytes: 'ce ce *', en: 'delay', zh: '延时' },
    { bytes: 'd5 d5 *', en: 'clock', zh: '校时' },
    { bytes: 'cb cb *', en: 'mode', zh: '模式' },
    { bytes: '?? f5 *', en: 'download', zh: '下载' },
    { bytes: '?? f7 *', en: 'download', zh: '下载' },
    { bytes: '?? aa *', en: 'download', zh: '下载' },
    { bytes: '?? 24 *', en: 'fetch isolations', zh: '读取屏蔽' },
  ],
  answerWithinMs: 100,
  gapMs: 100,
  silenceMs: 93_000,
  repeatMs: 2000,
  play: {
    onlyWhenPolled: true,
    // Address and 00 arrive as two packets: the address is echoed, 0F fetches the frame that waits.
    answer: (packet, pending) => (packet[0] === GO ? (pending ?? IDLE) : packet[0] === 1 ? Uint8Array.of(1) : null),
    hostCut: cut,
    say: (stimulus) => orNull(() => say(stimulus)),
    confirms: (packet) => packet.length === 1 && packet[0] === ACCEPT,
    repeatEveryMs: 1000,
  },
};
