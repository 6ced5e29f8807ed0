/** Why bytes on a wire are no packet. */
export type NoiseReason = 'no-start' | 'length' | 'terminator' | 'checksum';

/** A candidate that is no packet: why, and over how many bytes it claimed to reach, so that one broken packet is one piece of noise. */
export interface Rejected {
  readonly why: NoiseReason;
  readonly claimedBytes: number;
}

/** What a rule says of the bytes at a candidate start: a whole packet of so many bytes, "more bytes are needed", or why it is no packet. */
export type Measure = number | 'more' | Rejected;

/** The byte starts nothing. */
export const NO_START: Rejected = { why: 'no-start', claimedBytes: 1 };

/** How a protocol's packets are recognised in a byte stream. Pure: the same bytes always get the same answer. */
export interface CutRule {
  /** The longest packet the protocol knows, in bytes: the cutter never holds more. */
  readonly maxBytes: number;
  /** Judges the candidate that starts at `from`; bytes end at `to`. Never reads outside. */
  readonly measure: (bytes: Uint8Array, from: number, to: number) => Measure;
  /** The least length of the packet at `from` of which `measure` wants more, as far as its bytes tell. Absent: they tell nothing. */
  readonly leastBytes?: (bytes: Uint8Array, from: number, to: number) => number;
}

/** A delimited run of bytes, or bytes that are no packet. The bytes are a copy: the caller may keep them. */
export type Cut =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'noise'; readonly bytes: Uint8Array; readonly why: NoiseReason };

/**
 * Cuts a byte stream into packets and noise. Every byte fed comes out exactly once, in order, in one of the two.
 * A candidate that fails costs one byte, then the search goes on from the next: a good packet behind a broken one is found.
 * Holds at most one packet's worth of bytes between calls, whatever the stream says about lengths.
 */
export class PacketCutter {
  readonly #rule: CutRule;
  #held = new Uint8Array(0);
  #missingBytes = 0;

  constructor(rule: CutRule) {
    this.#rule = rule;
  }

  /** Bytes waiting for the rest of their packet. */
  get pendingBytes(): number {
    return this.#held.length;
  }

  /** Bytes that must come at least before the packet under way can be whole; 0: none is. */
  get missingBytes(): number {
    return this.#missingBytes;
  }

  feed(chunk: Uint8Array): Cut[] {
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    return this.#cut(bytes, false);
  }

  /** The line has been silent for longer than a packet takes: a candidate still waiting lied about its length. */
  idle(): Cut[] {
    return this.#cut(this.#held, true);
  }

  /** The last bytes of a capture: nothing is waited for, so a broken packet at the end stays one piece of noise. */
  end(chunk: Uint8Array): Cut[] {
    return this.#cut(this.#held.length === 0 ? chunk : joined(this.#held, chunk), true);
  }

  #cut(bytes: Uint8Array, final: boolean): Cut[] {
    const cuts: Cut[] = [];
    const noise = new NoiseRun(bytes, cuts, this.#rule.maxBytes);
    let at = 0;
    this.#missingBytes = 0;
    while (at < bytes.length) {
      const waiting = bytes.length - at;
      let measure = this.#rule.measure(bytes, at, bytes.length);
      if (measure === 'more') {
        if (!final && waiting < this.#rule.maxBytes) {
          this.#missingBytes = Math.max(1, (this.#rule.leastBytes?.(bytes, at, bytes.length) ?? 0) - waiting);
          break;
        }
        measure = { why: 'length', claimedBytes: waiting };
      }
      if (typeof measure === 'number') {
        noise.end(at);
        cuts.push({ kind: 'packet', bytes: bytes.slice(at, at + measure) });
        at += measure;
        noise.restart(at);
      } else {
        noise.add(at, measure);
        at += 1;
      }
    }
    noise.end(at);
    this.#held = bytes.slice(at);
    return cuts;
  }
}

/** Collects neighbouring bytes that are no packet. A broken packet opens a run of its own; what lies inside its claimed length joins it. */
class NoiseRun {
  readonly #bytes: Uint8Array;
  readonly #cuts: Cut[];
  readonly #maxBytes: number;
  #from = 0;
  #claimedTo = 0;
  #why: NoiseReason = 'no-start';

  constructor(bytes: Uint8Array, cuts: Cut[], maxBytes: number) {
    this.#bytes = bytes;
    this.#cuts = cuts;
    this.#maxBytes = maxBytes;
  }

  add(at: number, { why, claimedBytes }: Rejected): void {
    const outside = at >= this.#claimedTo;
    if (outside && (why !== 'no-start' || at - this.#from >= this.#maxBytes)) this.end(at);
    if (at === this.#from) this.#why = why;
    if (outside && why !== 'no-start') this.#claimedTo = at + claimedBytes;
  }

  end(at: number): void {
    if (at > this.#from) this.#cuts.push({ kind: 'noise', bytes: this.#bytes.slice(this.#from, at), why: this.#why });
    this.restart(at);
  }

  restart(at: number): void {
    this.#from = at;
    this.#claimedTo = at;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}

/** Cuts a whole capture at once, as `decode` tools need it. */
export function cutAll(rule: CutRule, bytes: Uint8Array): Cut[] {
  return new PacketCutter(rule).end(bytes);
}
