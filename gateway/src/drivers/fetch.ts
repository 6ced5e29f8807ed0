import type { Block } from './coap-message.ts';
import type { Arrived } from './replies.ts';
import { UPLOAD_BYTES_MAX } from './uploads.ts';

/**
 * A notification whose payload goes on (RFC 7959 §2.6): its first block came by itself, the others are asked for one by one
 * while the device is awake. It is confirmed when the whole of it is durable.
 */
export interface Fetch {
  readonly endpoint: string;
  readonly path: string;
  /** The message with the first block. */
  readonly first: Arrived;
  readonly bytes: Uint8Array;
  /** The block that is asked for. */
  readonly next: Block;
}

/** What a notification begins whose first block says that others follow; null: it is whole. */
export function fetchFor(first: Arrived, endpoint: string, path: string): Fetch | null {
  const { block2, payload } = first.message;
  if (!block2?.more || block2.number !== 0) return null;
  return { endpoint, path, first, bytes: payload, next: { number: 1, more: false, size: block2.size } };
}

/** The fetch with one more block: to go on with, whole, or broken off where the block is not the one that was asked for. */
export function fetchedMore(fetch: Fetch, { message }: Arrived): { readonly fetch: Fetch; readonly state: 'more' | 'whole' | 'broken' } {
  const { block2, payload, code } = message;
  const bytes = Buffer.concat([fetch.bytes, payload]);
  const fits = code === '2.05' && block2?.number === fetch.next.number && bytes.length <= UPLOAD_BYTES_MAX;
  if (!fits) return { fetch, state: 'broken' };
  const next = { ...fetch.next, number: fetch.next.number + 1 };
  return { fetch: { ...fetch, bytes, next }, state: block2.more ? 'more' : 'whole' };
}
