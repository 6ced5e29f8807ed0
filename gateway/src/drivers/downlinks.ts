import type { Clock } from '@fengsui/protocol';

/** What one device is to be sent. */
export interface Downlink {
  /** Where: `/19/1/0` of an LwM2M device (written), `/t/d` of another (posted). */
  readonly path: string;
  readonly payload: Uint8Array;
  /** Content-Format; absent: opaque bytes. */
  readonly format?: number;
  /** Wall clock, milliseconds since 1970-01-01 UTC: later it is not sent any more. */
  readonly expiresAtMs: number;
}

export interface WaitingDownlink extends Downlink {
  readonly id: number;
  tries: number;
}

/** More than a device can take in its seconds awake; further ones are refused. */
const OF_DEVICE_MAX = 8;
const DEVICES_MAX = 10_000;

/**
 * What waits for devices that sleep. An NB-IoT device hears only in the seconds after it spoke, so it is sent then, in
 * order, one at a time, and again at its next word when it did not answer. Held in memory: who puts them asks again.
 */
export class Downlinks {
  readonly numbers = { delivered: 0, refused: 0, expired: 0 };
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #waiting = new Map<string, WaitingDownlink[]>();
  #lastId = 0;

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  /** Takes a downlink for an IMEI or endpoint name. Returns its number, or null when too many wait for this device. */
  put(endpoint: string, downlink: Downlink): number | null {
    const waiting = this.#of(endpoint);
    if (waiting.length >= OF_DEVICE_MAX || (waiting.length === 0 && this.#waiting.size >= DEVICES_MAX)) return null;
    this.#lastId += 1;
    this.#waiting.set(endpoint, [...waiting, { ...downlink, id: this.#lastId, tries: 0 }]);
    return this.#lastId;
  }

  /** The oldest that is still to be sent. */
  next(endpoint: string): WaitingDownlink | undefined {
    return this.#of(endpoint)[0];
  }

  /** The device took it, or said that it will not. */
  settle(endpoint: string, id: number, outcome: 'delivered' | 'refused'): void {
    const waiting = this.#of(endpoint);
    const left = waiting.filter((downlink) => downlink.id !== id);
    if (left.length < waiting.length) this.numbers[outcome] += 1;
    this.#keep(endpoint, left);
  }

  /** What waits, by device: for the status page. */
  waiting(): ReadonlyMap<string, readonly WaitingDownlink[]> {
    for (const endpoint of [...this.#waiting.keys()]) this.#of(endpoint);
    return this.#waiting;
  }

  #of(endpoint: string): readonly WaitingDownlink[] {
    const all = this.#waiting.get(endpoint) ?? [];
    const left = all.filter(({ expiresAtMs }) => expiresAtMs > this.#clock.wallMs());
    if (left.length < all.length) {
      this.numbers.expired += all.length - left.length;
      this.#keep(endpoint, left);
    }
    return left;
  }

  #keep(endpoint: string, left: WaitingDownlink[]): void {
    if (left.length > 0) this.#waiting.set(endpoint, left);
    else this.#waiting.delete(endpoint);
  }
}
