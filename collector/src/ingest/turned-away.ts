import type { Clock } from '@fengsui/protocol';
import { REFUSALS_SAID_AGAIN_MS, REFUSALS_UNPROVEN_SAID_MAX, STRANGERS_KEPT } from '../limits.ts';
import type { Log } from '../supervise.ts';
import type { Caller } from './caller.ts';
import { type Refusal, type RefusalCounts, RefusalTally, remedyOf, standsMs } from './refusals.ts';
import { refusedWords, type TurnedAwayGateway } from './refused-words.ts';

interface Known extends TurnedAwayGateway {
  /** Monotonic. */
  readonly seenMs: number;
}

/** When a line was said, monotonic, and how often it was not said since. */
interface Line {
  readonly saidMs: number;
  readonly more: number;
}

/** Those who are known by one way: as gateways, and the lines said of them. */
interface Names {
  readonly known: Map<string, Known>;
  readonly lines: Map<string, Line>;
  readonly max: number;
}

export interface TurnedAwayNeeds {
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly zoneMinutes: number;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * Who is turned away, so that somebody hears of it. What a certificate of ours names is told of each gateway: once at the beginning, then
 * once an hour, however many they are: they are as many as our authority has named. Whoever has none can make no more lines than a few an
 * hour, and no entry under a name that is not his.
 */
export class TurnedAway {
  readonly #needs: TurnedAwayNeeds;
  readonly #tally = new RefusalTally();
  readonly #proven: Names = { known: new Map(), lines: new Map(), max: Number.POSITIVE_INFINITY };
  readonly #claimed: Names = { known: new Map(), lines: new Map(), max: STRANGERS_KEPT };
  #strangers = { fromMs: Number.NEGATIVE_INFINITY, said: 0, unsaid: 0 };

  constructor(needs: TurnedAwayNeeds) {
    this.#needs = needs;
  }

  add(reason: Refusal, caller: Caller): void {
    this.#tally.add(reason);
    const { gateway, isProven } = caller;
    if (gateway !== null && isProven && remedyOf(reason)) this.#remember(this.#proven, gateway, reason, caller);
    if (gateway !== null && !isProven) this.#remember(this.#claimed, gateway, reason, caller);
    this.#say(reason, caller);
  }

  /** Of everybody, since start. */
  counts(): RefusalCounts {
    return this.#tally.counts();
  }

  /** It came in: what kept it out is over. */
  entered(gateway: string): void {
    this.#proven.known.delete(gateway);
  }

  /** Gateways that are kept out, or somebody with their certificate: they tried within the time in which each tries again. */
  standing(): ReadonlyMap<string, TurnedAwayGateway> {
    return new Map([...this.#proven.known].filter(([, known]) => this.#isFresh(known)));
  }

  /** Somebody who says that he is this gateway, and has not proven it, was turned away just now; null: nobody. */
  claimant(gateway: string): TurnedAwayGateway | null {
    const known = this.#claimed.known.get(gateway);
    return known && this.#isFresh(known) ? known : null;
  }

  #isFresh({ seenMs, reason }: Known): boolean {
    return this.#needs.clock.monotonicMs() - seenMs < standsMs(reason);
  }

  #remember({ known, max }: Names, gateway: string, reason: Refusal, { address, detail }: Caller): void {
    const { clock } = this.#needs;
    const [before, lastMs] = [known.get(gateway), Math.round(clock.wallMs())];
    const sinceMs = before?.reason === reason && this.#isFresh(before) ? before.sinceMs : lastMs;
    const seenMs = clock.monotonicMs();
    put(known, max, gateway, { reason, sinceMs, lastMs, address, seenMs, ...(detail === undefined ? {} : { detail }) });
  }

  #say(reason: Refusal, caller: Caller): void {
    const { clock, log, zoneMinutes } = this.#needs;
    const nowMs = clock.monotonicMs();
    const { lines, max } = caller.isProven ? this.#proven : this.#claimed;
    const key = JSON.stringify([reason, caller.gateway]);
    const line = lines.get(key) ?? { saidMs: Number.NEGATIVE_INFINITY, more: 0 };
    const isDue = nowMs - line.saidMs >= REFUSALS_SAID_AGAIN_MS && (caller.isProven || this.#mayStranger(nowMs));
    put(lines, max, key, isDue ? { saidMs: nowMs, more: 0 } : { ...line, more: line.more + 1 });
    if (!isDue) return;
    const sinceMs =
      (caller.gateway !== null && caller.isProven && this.#proven.known.get(caller.gateway)?.sinceMs) || Math.round(clock.wallMs());
    const { gateway, address } = caller;
    const counted = { ...(line.more > 0 ? { timesMore: line.more } : {}), ...this.#unsaid(caller) };
    log.warn({ name: 'intake', reason, gateway, address, ...counted }, refusedWords({ reason, sinceMs, caller, zoneMinutes }));
  }

  #mayStranger(nowMs: number): boolean {
    const strangers = this.#strangers;
    if (nowMs - strangers.fromMs >= REFUSALS_SAID_AGAIN_MS) this.#strangers = { fromMs: nowMs, said: 0, unsaid: strangers.unsaid };
    const may = this.#strangers.said < REFUSALS_UNPROVEN_SAID_MAX;
    if (may) this.#strangers.said += 1;
    else this.#strangers.unsaid += 1;
    return may;
  }

  /** How many lines of strangers were not said: told with the next one that is. */
  #unsaid({ isProven }: Caller): { readonly strangersUnsaid?: number } {
    const { unsaid } = this.#strangers;
    if (isProven || unsaid === 0) return {};
    this.#strangers.unsaid = 0;
    return { strangersUnsaid: unsaid };
  }
}

/** Puts it last, and lets go of what was put longest ago where there are more than `max`. */
function put<T>(names: Map<string, T>, max: number, name: string, value: T): void {
  names.delete(name);
  names.set(name, value);
  if (names.size > max) names.delete(names.keys().next().value!);
}
