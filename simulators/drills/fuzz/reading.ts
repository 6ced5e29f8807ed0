import { type Cut, PacketCutter, PROFILES, toHex } from '@fengsui/protocol';
import { decodeFrame, decodeUnit, encodeFrame, FRAME_BYTES_MAX, FRAME_CUT, frameView, STANDARD } from '@fengsui/protocol/gb26875';
import type { FuzzStream } from './streams.ts';

function fedInPieces({ bytes, splits }: FuzzStream): { cuts: Cut[]; heldMax: number } {
  const cutter = new PacketCutter(FRAME_CUT);
  const cuts: Cut[] = [];
  let heldMax = 0;
  let from = 0;
  for (const to of [...splits, bytes.length]) {
    cuts.push(...cutter.feed(bytes.subarray(from, to)));
    heldMax = Math.max(heldMax, cutter.pendingBytes);
    from = to;
  }
  cuts.push(...cutter.idle());
  return { cuts, heldMax };
}

/** Reads a packet in every way we have; what comes back must be what was read. */
function misread(packet: Uint8Array): string | null {
  const { control, unit } = decodeFrame(packet);
  if (toHex(encodeFrame(control, unit)) !== toHex(packet)) return `frame ${toHex(packet)} does not come back`;
  decodeUnit(unit);
  JSON.stringify(frameView(packet, STANDARD));
  for (const profile of PROFILES.values()) profile.read(packet);
  return null;
}

/** Whether a good frame came out: itself, or inside another whole frame whose length, end and sum all fit, which no reader could tell apart. */
function isAccounted(at: number, length: number, packets: ReadonlyArray<{ at: number; bytes: Uint8Array }>): boolean {
  return packets.some((packet) => packet.at < at + length && packet.at + packet.bytes.length > at);
}

/** What is wrong with the reading of one stream; null: nothing. */
export function complaint(stream: FuzzStream): string | null {
  try {
    return misreading(stream);
  } catch (error) {
    return `threw: ${(error as Error).stack}`;
  }
}

function misreading(stream: FuzzStream): string | null {
  const { cuts, heldMax } = fedInPieces(stream);
  if (heldMax >= FRAME_BYTES_MAX) return `held ${heldMax} bytes between reads`;
  if (cuts.map(({ bytes }) => toHex(bytes)).join('') !== toHex(stream.bytes)) return 'bytes lost or invented';
  const packets: Array<{ at: number; bytes: Uint8Array }> = [];
  let at = 0;
  for (const { kind, bytes } of cuts) {
    if (kind === 'packet') packets.push({ at, bytes });
    at += bytes.length;
  }
  const missing = stream.good.find((frame) => !isAccounted(frame.at, frame.bytes.length, packets));
  if (missing) return `good frame at ${missing.at} not found: ${toHex(missing.bytes)}`;
  for (const { bytes } of packets) {
    const wrong = misread(bytes);
    if (wrong) return wrong;
  }
  return null;
}
