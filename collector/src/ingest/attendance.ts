import type { Clock } from '@fengsui/protocol';
import { GATEWAY_BACK_OFF_MS, GATEWAY_GONE_MS } from '../limits.ts';

/** Whether a gateway has a session. */
export interface Connection {
  readonly connected: boolean;
  /** Since when it has this one or has none, milliseconds since 1970-01-01 UTC; of a gateway that never came in since the collector was started: that start. */
  readonly sinceMs: number;
}

interface Change extends Connection {
  readonly atMs: number;
}

/** Who is there and who is not. Durations are monotonic, for the wall clock may step. */
export class Attendance {
  readonly #clock: Clock;
  readonly #started: Change;
  readonly #changes = new Map<string, Change>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = this.#change(false);
  }

  came(gateway: string): void {
    this.#changes.set(gateway, this.#change(true));
  }

  left(gateway: string): void {
    this.#changes.set(gateway, this.#change(false));
  }

  connectionOf(gateway: string): Connection {
    const { connected, sinceMs } = this.#changes.get(gateway) ?? this.#started;
    return { connected, sinceMs };
  }

  /** Whether it stays away: longer than who only comes back by another way, and after a start all have time to come in again. */
  isGone(gateway: string): boolean {
    const { connected, atMs } = this.#changes.get(gateway) ?? this.#started;
    const awayMs = this.#clock.monotonicMs() - Math.max(atMs, this.#started.atMs + GATEWAY_BACK_OFF_MS);
    return !connected && awayMs >= GATEWAY_GONE_MS;
  }

  #change(connected: boolean): Change {
    return { connected, sinceMs: Math.round(this.#clock.wallMs()), atMs: this.#clock.monotonicMs() };
  }
}
