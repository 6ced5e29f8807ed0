import type { Clock } from '@fengsui/protocol';
import {
  GATEWAY_BACK_OFF_MS,
  GATEWAY_GONE_MS,
  STANDBY_LOOK_LONGEST_MS,
  STANDBY_LOOK_MS,
  STANDBY_LOOKS_MISSED,
  STANDSTILL_MS,
} from '../limits.ts';

/** Whether a gateway has a session. */
export interface Connection {
  readonly connected: boolean;
  /** Since when it has this one or has none, milliseconds since 1970-01-01 UTC; of a gateway that never came in since the collector was started: that start. */
  readonly sinceMs: number;
}

interface Change extends Connection {
  readonly atMs: number;
}

/** A gateway's looks at a path that is not in use. */
interface Looks {
  /** When the last one was; null: it has had a session since. */
  readonly atMs: number | null;
  /** How far apart the last two were; null: there was one. */
  readonly gapMs: number | null;
  /** How far apart they are, as far as is known. */
  readonly apartMs: number;
  /** Whether they are looks: a connection of a gateway whose link is bad may come to nothing just so. */
  readonly areBelieved: boolean;
}

const NO_LOOKS: Looks = { atMs: null, gapMs: null, apartMs: STANDBY_LOOK_MS, areBelieved: false };

/** Who is there and who is not. Durations are monotonic, for the wall clock may step. */
export class Attendance {
  readonly #clock: Clock;
  readonly #started: Change;
  readonly #changes = new Map<string, Change>();
  readonly #looks = new Map<string, Looks>();
  #beatMs: number;
  /** From when on a gateway could come in: since the start, or since this process went on after a standstill. */
  #openMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = this.#change(false);
    this.#beatMs = this.#started.atMs;
    this.#openMs = this.#started.atMs;
  }

  /** To be called every few seconds: where the next call is late this process stood still, and every gateway may have turned away. */
  beat(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#beatMs >= STANDSTILL_MS) this.#openMs = nowMs;
    this.#beatMs = nowMs;
  }

  came(gateway: string): void {
    const looks = this.#looks.get(gateway);
    if (looks) this.#looks.set(gateway, { ...NO_LOOKS, apartMs: looks.apartMs });
    this.#changes.set(gateway, this.#change(true));
  }

  /**
   * It came by TLS and went without a word: this collector is its backup path, and another carries. Who is gone is believed only after two
   * such looks at the known distance, or three at another one.
   */
  looked(gateway: string): void {
    const atMs = this.#clock.monotonicMs();
    const { atMs: lastMs, gapMs: gapBeforeMs, apartMs, areBelieved } = this.#looks.get(gateway) ?? NO_LOOKS;
    if (lastMs === null) {
      this.#looks.set(gateway, { atMs, gapMs: null, apartMs, areBelieved: !this.isGone(gateway) });
      return;
    }
    const gapMs = Math.max(STANDBY_LOOK_MS, atMs - lastMs);
    const isOne = gapMs <= STANDBY_LOOK_LONGEST_MS && (areAlike(gapMs, apartMs) || (gapBeforeMs !== null && areAlike(gapMs, gapBeforeMs)));
    if (isOne) this.#looks.set(gateway, { atMs, gapMs, apartMs: gapMs, areBelieved: true });
    else this.#looks.set(gateway, { atMs, gapMs, apartMs, areBelieved: areBelieved && gapMs < apartMs });
  }

  /** Whether it has had a session since this collector was started. */
  hasCome(gateway: string): boolean {
    return this.#changes.has(gateway);
  }

  left(gateway: string): void {
    if (this.connectionOf(gateway).connected) this.#changes.set(gateway, this.#change(false));
  }

  /** Somebody tried its way in its name, and is not it: a session it had is over, and a look that may have been that trial is none. */
  tried(gateway: string): void {
    this.left(gateway);
    const looks = this.#looks.get(gateway);
    if (looks && !looks.areBelieved) this.#looks.set(gateway, { ...NO_LOOKS, apartMs: looks.apartMs });
  }

  connectionOf(gateway: string): Connection {
    const { connected, sinceMs } = this.#changes.get(gateway) ?? this.#started;
    return { connected, sinceMs };
  }

  /** Whether it is in touch: has a session, or looks again and again at the way here. */
  isThere(gateway: string): boolean {
    return this.connectionOf(gateway).connected || this.#isLooking(gateway);
  }

  /** Whether it stays away: longer than who only comes back by another way; after a start or a standstill all have time to come in again. */
  isGone(gateway: string): boolean {
    const { atMs } = this.#changes.get(gateway) ?? this.#started;
    const awayMs = this.#clock.monotonicMs() - Math.max(atMs, this.#openMs + GATEWAY_BACK_OFF_MS);
    return awayMs >= GATEWAY_GONE_MS && !this.isThere(gateway);
  }

  /** For how long gateways could come in, milliseconds: since the start, or since this process went on after a standstill. */
  openForMs(): number {
    return this.#clock.monotonicMs() - this.#openMs;
  }

  #isLooking(gateway: string): boolean {
    const { atMs, apartMs, areBelieved } = this.#looks.get(gateway) ?? NO_LOOKS;
    return areBelieved && atMs !== null && this.#clock.monotonicMs() - atMs < STANDBY_LOOKS_MISSED * apartMs;
  }

  #change(connected: boolean): Change {
    return { connected, sinceMs: Math.round(this.#clock.wallMs()), atMs: this.#clock.monotonicMs() };
  }
}

/** Whether two distances may be of one setting: each rest is up to a quarter shorter by chance, and a look takes its time. */
function areAlike(oneMs: number, otherMs: number): boolean {
  return Math.max(oneMs, otherMs) <= STANDBY_LOOKS_MISSED * Math.min(oneMs, otherMs);
}
