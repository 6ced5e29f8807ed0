import type { Clock } from '@fengsui/protocol';

/** What a device answered. */
export interface ReadAnswer {
  /** `2.05` with its content, `4.04` and the like, `0.00` where it reset the question. */
  readonly code: string;
  /** Content-Format; null: it did not say. */
  readonly format: number | null;
  readonly payload: Uint8Array;
  /** More would have followed than is taken. */
  readonly isCut: boolean;
}

/** One thing a device is to be asked. */
export interface WaitingRead {
  readonly id: number;
  /** `/3/0/9`. */
  readonly path: string;
  /** Wall clock, milliseconds since 1970-01-01 UTC: later it is not asked any more. */
  readonly expiresAtMs: number;
  /** How often it was begun. */
  tries: number;
}

interface Open extends WaitingRead {
  readonly end: (answer: ReadAnswer | 'expired') => void;
}

/** More than a device can answer in its seconds awake; further ones are refused. */
const OF_DEVICE_MAX = 8;

/**
 * What devices that sleep are to be asked. An NB-IoT device hears only in the seconds after it spoke, so it is asked then, in
 * order, one at a time, and again at its next word when it did not answer. Reads alone: nothing is ever written to a device.
 * Held in memory: who puts them has them on a record.
 */
export class WaitingReads {
  readonly numbers = { answered: 0, refused: 0, expired: 0 };
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #waiting = new Map<string, readonly Open[]>();
  #lastId = 0;

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  /** Takes a read for an IMEI or endpoint name; null when too many wait for this device. `answer` never rejects. */
  put(
    endpoint: string,
    asked: Pick<WaitingRead, 'path' | 'expiresAtMs'>,
  ): { readonly read: WaitingRead; readonly answer: Promise<ReadAnswer | 'expired'> } | null {
    const waiting = this.#of(endpoint);
    if (waiting.length >= OF_DEVICE_MAX) return null;
    this.#lastId += 1;
    const { promise, resolve } = Promise.withResolvers<ReadAnswer | 'expired'>();
    const read: Open = { path: asked.path, expiresAtMs: asked.expiresAtMs, id: this.#lastId, tries: 0, end: resolve };
    this.#waiting.set(endpoint, [...waiting, read]);
    return { read, answer: promise };
  }

  /** The oldest that is still to be asked. */
  next(endpoint: string): WaitingRead | undefined {
    return this.#of(endpoint)[0];
  }

  /** The device gave its answer, whatever it is: it is not asked again. */
  settle(endpoint: string, id: number, answer: ReadAnswer): void {
    const waiting = this.#of(endpoint);
    const read = waiting.find((one) => one.id === id);
    if (!read) return;
    this.numbers[answer.code.startsWith('2.') ? 'answered' : 'refused'] += 1;
    this.#keep(
      endpoint,
      waiting.filter((one) => one !== read),
    );
    read.end(answer);
  }

  /** Ends what nobody answered in time. */
  expire(): void {
    for (const endpoint of [...this.#waiting.keys()]) this.#of(endpoint);
  }

  /** What waits, by device: for the status page. */
  waiting(): ReadonlyMap<string, readonly WaitingRead[]> {
    this.expire();
    return this.#waiting;
  }

  #of(endpoint: string): readonly Open[] {
    const all = this.#waiting.get(endpoint) ?? [];
    const late = all.filter(({ expiresAtMs }) => expiresAtMs <= this.#clock.wallMs());
    if (late.length === 0) return all;
    const left = all.filter((read) => !late.includes(read));
    this.#keep(endpoint, left);
    this.numbers.expired += late.length;
    for (const read of late) read.end('expired');
    return left;
  }

  #keep(endpoint: string, left: readonly Open[]): void {
    if (left.length > 0) this.#waiting.set(endpoint, left);
    else this.#waiting.delete(endpoint);
  }
}
