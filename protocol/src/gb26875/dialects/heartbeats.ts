import { FRAME_BYTES_MIN, unitOf } from '../frame.ts';

/** How a device proves that it lives, where the standard defines no heartbeat (心跳). */
export type Heartbeat =
  | 'empty-send'
  | 'device-time'
  | 'command-7'
  | 'twelve-bytes'
  | 'private-command'
  | 'login-time'
  | 'state-without-time'
  | 'one-byte-unit';

/** A state word with nothing but "normal" in it; anything more is news and no mere sign of life. */
const saysNothing = (status: number | undefined) => ((status ?? 0) & 0xfe) === 0;

const FORMS: Readonly<Record<Heartbeat, (frame: Uint8Array, unit: Uint8Array) => boolean>> = {
  'empty-send': (frame, unit) => frame[26] === 2 && frame.length === FRAME_BYTES_MIN && unit.length === 0,
  'device-time': (_, unit) => unit[0] === 28,
  'command-7': (frame) => frame.length === FRAME_BYTES_MIN && frame[26] === 7,
  'twelve-bytes': (frame) => frame.length === 12,
  'private-command': (frame, unit) => frame[26] === 128 && unit[0] === 128 && unit[1] === 0,
  'login-time': (_, unit) => unit[0] === 8 && unit[2] === 0 && unit[3] === 0,
  'state-without-time': (_, unit) => unit[0] === 21 && unit.length === 3 && saysNothing(unit[2]),
  'one-byte-unit': (_, unit) => unit.length === 1 && unit[0] === 0x16,
};

/** Whether a frame is only a sign of life in this dialect. */
export function heartbeatOf(frame: Uint8Array, { heartbeats }: { readonly heartbeats: readonly Heartbeat[] }): Heartbeat | null {
  return heartbeats.find((form) => FORMS[form](frame, unitOf(frame))) ?? null;
}
