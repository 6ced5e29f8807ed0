import { toHex } from '@fengsui/protocol';
import type { Unheard } from '../drivers/driver.ts';
import * as limits from './limits.ts';

/** A run of bytes on a wire: heard, written, or heard and found to be no packet. */
export interface Piece {
  readonly atMs: number;
  readonly what: 'in' | 'out' | 'noise';
  readonly hex: string;
  /** Whose, where one wire has many. */
  readonly peer?: string;
  /** Why it is noise. */
  readonly why?: Unheard;
  /** It was longer than is shown. */
  readonly cut?: true;
}

type Peer = { readonly address: string; readonly port: number };

/**
 * Collects what crosses a wire for one who looks, a packet or a piece of noise each: of a stream as its driver cuts it, whatever pieces it
 * was read in. It never holds the line up: what he cannot take in time is counted and left out. */
export class LiveBytes {
  readonly #nowMs: () => number;
  #pieces: Piece[] = [];
  #bytes = 0;
  #left = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  packet = (bytes: Uint8Array, from?: string): void => this.#put('in', bytes, from === undefined ? {} : { peer: from });

  /** A datagram or a push: nobody has to cut it. */
  heard = (bytes: Uint8Array, from?: Peer): void => this.#put('in', bytes, from ? { peer: `${from.address}:${from.port}` } : {});

  wrote = (bytes: Uint8Array, withheld: boolean, to?: Peer): void => {
    if (!withheld) this.#put('out', bytes, to ? { peer: `${to.address}:${to.port}` } : {});
  };

  counted = (why: Unheard, bytes?: Uint8Array): void => this.#put('noise', bytes ?? new Uint8Array(), { why });

  /** What came since the last time, and how many pieces were left out. */
  take(): { readonly pieces: readonly Piece[]; readonly left: number } {
    const taken = { pieces: this.#pieces, left: this.#left };
    this.#pieces = [];
    this.#bytes = 0;
    this.#left = 0;
    return taken;
  }

  #put(what: Piece['what'], bytes: Uint8Array, more: Pick<Piece, 'peer' | 'why'>): void {
    const room = limits.LIVE_BYTES_MAX - this.#bytes;
    if (this.#pieces.length >= limits.LIVE_PIECES_MAX || room <= 0) {
      this.#left += 1;
      return;
    }
    const shown = bytes.subarray(0, room);
    this.#bytes += shown.length;
    const cut = shown.length < bytes.length ? { cut: true as const } : {};
    this.#pieces.push({ atMs: Math.round(this.#nowMs()), what, hex: toHex(shown), ...more, ...cut });
  }
}
