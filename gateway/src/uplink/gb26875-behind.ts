import type { Clock, Lane } from '@fengsui/protocol';

/** Rows remembered at most: a stay takes some 100 bytes. What is forgotten beyond that is only handed out in its turn again. */
const STAYS_MAX = 4_096;
/** Points and kinds whose newest row is remembered at most: more than a gateway has. */
const NEWEST_MAX = 16_384;
/** A row that waits behind is tried at least this often. */
const REST_MAX_MS = 60_000;

export interface RowName {
  readonly lane: Lane;
  readonly epoch: number;
  readonly number: number;
}

/** A row about a kind of event at a part; null: about none. */
export interface RowAbout extends RowName {
  readonly about: string | null;
  readonly isEnd: boolean;
}

interface Stay {
  readonly lane: Lane;
  /** Times it was sent, re-sends and all, and not confirmed. */
  tries: number;
  /** Monotonic; since when every try was denied, null where the last had no answer. */
  deniedSinceMs: number | null;
  restUntilMs: number;
}

const nameOf = ({ lane, epoch, number }: RowName) => `${lane}/${epoch}/${number}`;

/**
 * The rows a centre did not confirm after all re-sends. They still wait, but behind the others: one row that the centre cannot digest
 * must not keep a fire from it. Outlives the connections, not the program: after a start every row has its turn again.
 */
export class Behind {
  readonly #clock: Clock;
  readonly #restMs: number;
  readonly #stays = new Map<string, Stay>();
  /** What a row is about → the newest that was handed out. */
  readonly #newest = new Map<string, RowName>();

  /** `restMs`: how long a row rests after its first try, doubled with each. */
  constructor(clock: Clock, restMs: number) {
    this.#clock = clock;
    this.#restMs = restMs;
  }

  /** A new connection: what had no answer over the last one is tried at once. */
  begin(): void {
    for (const stay of this.#stays.values()) if (stay.deniedSinceMs === null) stay.restUntilMs = 0;
  }

  silent(row: RowName): void {
    this.#tried(row).deniedSinceMs = null;
  }

  /** Answers for how long it has been denied and nothing else, milliseconds. */
  denied(row: RowName): number {
    const stay = this.#tried(row);
    const nowMs = this.#clock.monotonicMs();
    stay.deniedSinceMs ??= nowMs;
    return nowMs - stay.deniedSinceMs;
  }

  settled(row: RowName): void {
    this.#stays.delete(nameOf(row));
  }

  /** Takes note of a row that goes to the centre. */
  handed(row: RowAbout): void {
    if (row.about === null || this.#isOlder(row)) return;
    this.#newest.delete(row.about);
    this.#newest.set(row.about, row);
    const [oldest] = this.#newest.keys();
    if (this.#newest.size > NEWEST_MAX) this.#newest.delete(oldest!);
  }

  /** Whether a row is an end that the centre would take for that of something newer, of which it was told meanwhile. */
  isOvertaken(row: RowAbout): boolean {
    return row.isEnd && this.#isOlder(row);
  }

  #isOlder({ about, epoch, number }: RowAbout): boolean {
    const newest = about === null ? undefined : this.#newest.get(about);
    return newest !== undefined && (newest.epoch > epoch || (newest.epoch === epoch && newest.number > number));
  }

  has(row: RowName): boolean {
    return this.#stays.has(nameOf(row));
  }

  hasAny(lane: Lane): boolean {
    for (const stay of this.#stays.values()) if (stay.lane === lane) return true;
    return false;
  }

  tries(row: RowName): number {
    return this.#stays.get(nameOf(row))?.tries ?? 0;
  }

  /** Milliseconds until it is to be tried; 0 or less: now. */
  dueInMs(row: RowName): number {
    return (this.#stays.get(nameOf(row))?.restUntilMs ?? 0) - this.#clock.monotonicMs();
  }

  #tried(row: RowName): Stay {
    const stay = this.#stays.get(nameOf(row)) ?? { lane: row.lane, tries: 0, deniedSinceMs: null, restUntilMs: 0 };
    stay.tries += 1;
    stay.restUntilMs = this.#clock.monotonicMs() + Math.min(this.#restMs * 2 ** (stay.tries - 1), REST_MAX_MS);
    this.#stays.set(nameOf(row), stay);
    const [oldest] = this.#stays.keys();
    if (this.#stays.size > STAYS_MAX) this.#stays.delete(oldest!);
    return stay;
  }
}
