import { sum8 } from '../codec/checksums.ts';
import { address48, u8, u16le } from '../codec/fields.ts';
import { field, type LayoutValue, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import { timeTag } from './fields.ts';

/** Offsets and sizes of GB/T 26875.3-2011 table 1, counted from the first `@`. */
export const CONTROL_AT = 2;
/** Where the application data unit begins. */
export const UNIT_AT = 27;
/** A frame without an application data unit. */
export const FRAME_BYTES_MIN = 30;
/** Longest application data unit (§6.6); some centres allow 2048, see the cut rule. */
export const UNIT_BYTES_MAX = 1024;
export const FRAME_BYTES_MAX = FRAME_BYTES_MIN + UNIT_BYTES_MAX;

const START = 0x40;
const END = 0x23;

/** 控制单元: the 25 bytes behind the start characters. */
export const CONTROL = layout({
  serial: field(u16le, 'serial number', '业务流水号'),
  mainVersion: field(u8, 'main version', '主版本号'),
  userVersion: field(u8, 'user version', '用户版本号'),
  time: field(timeTag, 'time tag', '时间标签'),
  source: field(address48, 'source address', '源地址'),
  destination: field(address48, 'destination address', '目的地址'),
  unitBytes: field(u16le, 'unit length', '应用数据单元长度'),
  command: field(u8, 'command', '命令字节'),
});
export type Control = LayoutValue<typeof CONTROL>;

/** A frame taken apart. The unit is a view into the frame's bytes. */
export interface Frame {
  readonly control: Control;
  readonly unit: Uint8Array;
}

/** 校验和: bytes 3–27 of the standard and the application data unit, low 8 bits; start, end and the sum itself are outside. */
function checksumOf(bytes: Uint8Array, from: number, unitBytes: number): number {
  return sum8(bytes, from + CONTROL_AT, from + UNIT_AT + unitBytes);
}

/** Cuts frames by their length field: nothing is escaped, so `@@` and `##` may stand inside (§6.6). */
export function frameCut(unitBytesMax = UNIT_BYTES_MAX): CutRule {
  return {
    maxBytes: FRAME_BYTES_MIN + unitBytesMax,
    measure(bytes, from, to) {
      if (bytes[from] !== START) return NO_START;
      if (to - from < 2) return 'more';
      if (bytes[from + 1] !== START) return NO_START;
      if (to - from < UNIT_AT) return 'more';
      const unitBytes = bytes[from + 24]! | (bytes[from + 25]! << 8);
      if (unitBytes > unitBytesMax) return { why: 'length', claimedBytes: UNIT_AT };
      const size = FRAME_BYTES_MIN + unitBytes;
      if (to - from < size) return 'more';
      if (bytes[from + size - 2] !== END || bytes[from + size - 1] !== END) return { why: 'terminator', claimedBytes: size };
      if (bytes[from + size - 3] !== checksumOf(bytes, from, unitBytes)) return { why: 'checksum', claimedBytes: size };
      return size;
    },
  };
}

export const FRAME_CUT = frameCut();

/** Takes a whole frame apart, as the cutter delivered it. Throws nothing: the cutter has checked length, end and sum. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const control = CONTROL.decode(bytes, CONTROL_AT);
  return { control, unit: bytes.subarray(UNIT_AT, UNIT_AT + control.unitBytes) };
}

/** The application data unit of a packet; empty for packets too short to be frames, which some dialects have. */
export function unitOf(packet: Uint8Array): Uint8Array {
  return packet.length < FRAME_BYTES_MIN ? new Uint8Array(0) : decodeFrame(packet).unit;
}

/** Main and user version of a frame. */
export function versionOf(frame: Uint8Array): readonly [main: number, user: number] {
  return frame.length < FRAME_BYTES_MIN ? [-1, -1] : [frame[4]!, frame[5]!];
}

/** A frame of the given control fields and unit; the unit's length is counted here. */
export function encodeFrame(control: Omit<Control, 'unitBytes'>, unit: Uint8Array): Uint8Array {
  if (unit.length > UNIT_BYTES_MAX) throw new RangeError(`${unit.length} bytes of application data: a frame takes ${UNIT_BYTES_MAX}`);
  const bytes = new Uint8Array(FRAME_BYTES_MIN + unit.length);
  bytes.fill(START, 0, 2);
  CONTROL.encodeInto({ ...control, unitBytes: unit.length }, bytes, CONTROL_AT);
  bytes.set(unit, UNIT_AT);
  bytes[bytes.length - 3] = checksumOf(bytes, 0, unit.length);
  bytes.fill(END, bytes.length - 2);
  return bytes;
}
