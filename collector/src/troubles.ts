import type { Clock } from '@fengsui/protocol';
import { FAILURES, type FailureCode } from './failures.ts';
import type { Log } from './supervise.ts';

/** Something wrong with the collector or with what it gets, for as long as it stands. */
export interface Trouble {
  readonly code: FailureCode;
  readonly en: string;
  readonly zh: string;
  /** What of it: names and figures, the same in both languages. */
  readonly detail: string;
  readonly remedy: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly sinceMs: number;
}

/** What stands now. The log hears of each when it begins and when it is over; people see it on the page in between. */
export class Troubles {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #standing = new Map<FailureCode, Trouble>();

  constructor(clock: Pick<Clock, 'wallMs'>, log: Pick<Log, 'info' | 'warn'>) {
    this.#clock = clock;
    this.#log = log;
  }

  /** In the order in which they began. */
  get standing(): readonly Trouble[] {
    return [...this.#standing.values()];
  }

  /** Says how it stands with one of them; null: it is over, or never was. */
  say(code: FailureCode, detail: string | null): void {
    const known = this.#standing.get(code);
    const { en, zh, remedy } = FAILURES[code];
    if (detail !== null) {
      this.#standing.set(code, { code, en, zh, remedy, detail, sinceMs: known?.sinceMs ?? this.#clock.wallMs() });
      if (!known) this.#log.warn({ code, detail }, `${en} ${zh}: ${detail}. ${remedy}`);
    } else if (this.#standing.delete(code)) this.#log.info({ code }, `over: ${en} ${zh}`);
  }
}
