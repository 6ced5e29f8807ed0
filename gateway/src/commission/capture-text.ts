import { fromHex } from '@fengsui/protocol';
import type { WireConfiguration } from '../config.ts';
import type { PeerAddress } from '../line.ts';

/**
 * A capture is a text file of JSON lines: one header, then every chunk as it crossed the wire, then how it ended. A person
 * can read it, cut it, and send it by mail; the drivers can be fed with it again.
 */
export interface CaptureHeader {
  readonly fengsui: 'capture';
  readonly version: 1;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly startedMs: number;
  readonly wire: WireConfiguration;
  /** `9600,8N1` on serial lines. */
  readonly line?: string;
  /** The family that was expected, where anybody knew. */
  readonly family?: string;
}

/** A chunk. `in` came from the site, `out` was written by the gateway. */
export interface CaptureChunk {
  /** Milliseconds since the start, by a clock that never steps. */
  readonly ms: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
  /** Where devices come to us (udp, tcp-server): which of them, `address:port`. */
  readonly peer?: string;
  /** The driver wrote it and it was kept off the wire: an acknowledgement would have told the device that its word is safe. */
  readonly withheld?: true;
}

/** `address:port`; the address may hold colons of its own. */
export function peerOf(text: string): PeerAddress {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/** Why a capture ended: somebody stopped it, the far side closed, the wire failed, or the file reached its limit. */
export const CAPTURE_ENDS = ['stopped', 'closed', 'lost', 'full'] as const;

export interface CaptureEnd {
  readonly ms: number;
  readonly end: (typeof CAPTURE_ENDS)[number];
  /** Families whose packets were recognised in it, the likeliest first. */
  readonly looksLike?: readonly string[];
}

export interface Capture {
  readonly header: CaptureHeader;
  readonly chunks: readonly CaptureChunk[];
  /** Absent: the capture was cut off (a power cut, a full disk); what is there counts. */
  readonly end?: CaptureEnd;
}

/** Why a text is no capture, line by line. */
export interface CaptureProblems {
  readonly problems: readonly string[];
}

/** A chunk off a socket or a serial port is never longer. */
const CHUNK_BYTES_MAX = 65_536;

type Row = Readonly<Record<string, unknown>>;

function rowOf(line: string): Row | null {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === 'object' && row !== null && !Array.isArray(row) ? (row as Row) : null;
  } catch {
    return null;
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function headerProblem(row: Row | null): string | null {
  if (row?.['fengsui'] !== 'capture') return 'is not the header of a capture';
  if (row['version'] !== 1) return `is a capture of version ${JSON.stringify(row['version'])}: this gateway reads version 1`;
  const wire = row['wire'] as Row | null | undefined;
  const known = ['serial', 'tcp', 'udp', 'tcp-server', 'http'].includes(String(wire?.['kind']));
  return isTime(row['startedMs']) && known ? null : 'has no startedMs or no wire';
}

function chunkOf(row: Row, beforeMs: number): CaptureChunk | string {
  const { ms, direction, hex, peer, withheld } = row as Readonly<Record<'ms' | 'direction' | 'hex' | 'peer' | 'withheld', unknown>>;
  const bytes = typeof hex === 'string' && hex.length <= 2 * CHUNK_BYTES_MAX ? fromHex(hex) : null;
  if (!isTime(ms)) return `ms must be a number from 0 (got ${JSON.stringify(ms)})`;
  if (ms < beforeMs) return `ms must not step back (${ms} after ${beforeMs})`;
  if (direction !== 'in' && direction !== 'out') return `direction must be in or out (got ${JSON.stringify(direction)})`;
  if (!bytes) return 'hex must be pairs of 0–9 a–f';
  if (peer !== undefined && !/^.+:\d{1,5}$/.test(String(peer))) return `peer must be address:port (got ${JSON.stringify(peer)})`;
  return { ms, direction, bytes, ...(peer === undefined ? {} : { peer: String(peer) }), ...(withheld === true ? { withheld } : {}) };
}

/** Reads a capture. A last line without its end is what a power cut leaves: it is left out. Never throws. */
export function readCapture(text: string): Capture | CaptureProblems {
  const lines = text.split('\n');
  const cutOff = lines.pop() !== '' ? 1 : 0;
  const first = rowOf(lines[0] ?? '');
  const wrong = headerProblem(first);
  if (wrong) return { problems: [`line 1: ${wrong}`] };
  const chunks: CaptureChunk[] = [];
  const problems: string[] = [];
  let end: CaptureEnd | undefined;
  let lastMs = 0;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const row = rowOf(line);
    const chunk = row && !('end' in row) ? chunkOf(row, lastMs) : null;
    if (row && 'end' in row && isTime(row['ms']) && CAPTURE_ENDS.includes(row['end'] as CaptureEnd['end']))
      end = row as unknown as CaptureEnd;
    else if (typeof chunk === 'object' && chunk && !end) chunks.push(chunk);
    else
      problems.push(`line ${index + 1}: ${typeof chunk === 'string' ? chunk : end ? 'stands behind the end' : 'is no row of a capture'}`);
    lastMs = chunks.at(-1)?.ms ?? 0;
  }
  if (problems.length > 0) return { problems };
  return { header: first as unknown as CaptureHeader, chunks, ...(end && cutOff === 0 ? { end } : {}) };
}
