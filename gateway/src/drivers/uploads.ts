import type { Block } from './coap-message.ts';
import { EXCHANGE_LIFETIME_MS } from './exchanges.ts';

/** The largest payload that comes in parts: a day's samples of a hydrant are a tenth of it. */
export const UPLOAD_BYTES_MAX = 16 * 1024;

/** Uploads under way at once; the oldest makes room. */
const UPLOADS_MAX = 256;

/** Whole payload, or what to tell its sender: go on, begin again (RFC 7959 4.08), or that it is too much (4.13). */
export type Upload = { readonly payload: Uint8Array } | 'continue' | 'incomplete' | 'too-large';

interface Parts {
  bytes: Uint8Array;
  atMs: number;
}

/**
 * Payloads that come in blocks (RFC 7959 §2.5), by who sends them where. What is complete stays until it is forgotten, so
 * that its last block may come again as long as the journal has not taken it.
 */
export class Uploads {
  readonly #parts = new Map<string, Parts>();

  take(key: string, { number, more, size }: Block, payload: Uint8Array, nowMs: number): Upload {
    this.#expire(nowMs);
    const from = number * size;
    const before = from === 0 ? new Uint8Array(0) : this.#parts.get(key)?.bytes;
    const isRepeat = before !== undefined && from > 0 && before.length === from + payload.length;
    if (before === undefined || (more ? payload.length !== size : payload.length > size)) return 'incomplete';
    if (!isRepeat && before.length !== from) return 'incomplete';
    if (from + payload.length > UPLOAD_BYTES_MAX) {
      this.forget(key);
      return 'too-large';
    }
    const bytes = isRepeat ? before : joined(before, payload);
    this.#parts.delete(key);
    if (this.#parts.size >= UPLOADS_MAX) this.#parts.delete(this.#parts.keys().next().value!);
    this.#parts.set(key, { bytes, atMs: nowMs });
    return more ? 'continue' : { payload: bytes };
  }

  forget(key: string): void {
    this.#parts.delete(key);
  }

  #expire(nowMs: number): void {
    for (const [key, { atMs }] of this.#parts) {
      if (nowMs - atMs < EXCHANGE_LIFETIME_MS) break;
      this.#parts.delete(key);
    }
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
