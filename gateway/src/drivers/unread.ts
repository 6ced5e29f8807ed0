import type { Said } from '../line.ts';
import { Repeats } from './repeats.ts';

/** What nobody can read is said again after this time: a code in no table that a panel repeats each second is one news. */
const AGAIN_MS = 3_600_000;

/** Different unreadable packets of one shape that become text within an hour; the rest is counted, told as a number, its bytes kept for a while. */
const OF_SHAPE_MAX = 20;

/** Shapes told apart at once: the one that is oldest makes room. */
const SHAPES_MAX = 64;

/** Bytes at the head of a packet where its command stands, and never its date. */
const HEAD_BYTES = 2;

/**
 * What of one device nobody could read lately. Packets whose bytes differ by a date or a count are of one shape and share a share of
 * text, so that a code that is said each second hides no other: the first of a shape is never held.
 */
export class Unread {
  readonly #shapes = new Map<string, Repeats>();
  #held = 0;
  #heldSinceMs: number | null = null;
  #toldMs: number | null = null;

  /** Whether people have seen it, or enough of its shape. What is held for the latter reason is counted, and told within the hour. */
  holds(packet: Uint8Array, nowMs: number): boolean {
    const shape = this.#shapes.get(shapeOf(packet));
    if (!shape) return false;
    if (shape.has(packet, nowMs)) return true;
    if (shape.size < OF_SHAPE_MAX) return false;
    this.#held += 1;
    this.#heldSinceMs ??= nowMs;
    return true;
  }

  remember(packet: Uint8Array, nowMs: number): void {
    const key = shapeOf(packet);
    const shape = this.#shapes.get(key) ?? new Repeats(AGAIN_MS);
    if (!this.#shapes.has(key) && this.#shapes.size >= SHAPES_MAX) this.#shapes.delete(this.#shapes.keys().next().value!);
    this.#shapes.set(key, shape);
    shape.remember(packet, nowMs);
  }

  /** The word that more were held: with the first of them, and then once an hour; `settle` it once it is durable. */
  overflow(nowMs: number): Said[] {
    this.#toldMs = null;
    if (this.#held === 0 || nowMs < this.#heldSinceMs!) return [];
    this.#toldMs = nowMs;
    return [{ what: 'text', address: {}, detail: 'undecodable', text: `${this.#held} more unreadable packets held` }];
  }

  /** What `overflow` said is durable. */
  settle(): void {
    if (this.#toldMs === null) return;
    this.#held = 0;
    this.#heldSinceMs = this.#toldMs + AGAIN_MS;
    this.#toldMs = null;
  }
}

/** All that is no date: how long it is, and how it begins. */
function shapeOf(packet: Uint8Array): string {
  return `${packet.length} ${Buffer.from(packet.subarray(0, HEAD_BYTES)).toString('hex')}`;
}
