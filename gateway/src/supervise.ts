import { type Clock, Failure, type SiteEvent } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import type { LineNumbers } from './line-numbers.ts';
import { openInTime, Pulse, within } from './pulse.ts';
import { Refused } from './refused.ts';

/** An open wire with a driver on it. */
export interface Running extends AsyncDisposable {
  /** Where it is: a path or an address. */
  readonly at: string;
  readonly counters: { readonly bytesIn: number; readonly bytesOut: number };
  readonly heard: AsyncGenerator<readonly Heard[], void, undefined>;
  /** Datagrams for it that were lost on this machine since it was opened; absent where none can be. */
  readonly dropped?: () => Promise<number>;
  /** What is not as it should be though it works; absent: nothing. */
  readonly doubt?: string;
}

/** What is told of a line as a whole. */
export type LineNote = 'driver-failed' | 'driver-recovered' | 'datagrams-dropped';

/** One line of the site: a wire, its devices, and what of them outlives a lost wire. */
export interface Line {
  readonly name: string;
  /** Its devices say a thing once, whatever we answer: what the journal refuses is offered again here, since nobody repeats it. */
  readonly saidOnce?: boolean;
  /** What its driver may take beyond a device's silence to say that it is lost (ms). */
  readonly slowestLossMs?: number;
  /** Opens the wire and puts a driver on it. Throws a Failure. */
  readonly open: (signal: AbortSignal) => Promise<Running>;
  /** Which devices have fallen silent; asked while the wire is down, too. */
  readonly links: {
    overdue(): readonly Heard[];
    dueInMs(): number;
    settle(heard: readonly Heard[]): void;
  };
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SupervisionOptions {
  readonly line: Line;
  readonly numbers: LineNumbers;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** Turns words into events; what it remembers of them is settled, or taken back, with the commit. */
  readonly normalizer: {
    normalize(heard: Heard): readonly SiteEvent[];
    settle(heard: readonly Heard[]): void;
    revert(heard: readonly Heard[]): void;
  };
  /** Resolves when the events are durable. `again`: some of them were offered before and may be durable. */
  readonly append: (events: readonly SiteEvent[], again: boolean) => Promise<unknown>;
  /** Says that the driver of this line is given up for a while, that it works again, or that datagrams for it were dropped. */
  readonly tell: (note: LineNote, why: string) => Promise<unknown>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What a line is kept running with, and what of it the journal refused. */
type Supervision = SupervisionOptions & { readonly refused: Refused };

/**
 * Keeps one line running until the signal aborts, whatever happens to it; no other line hears of it. The device has its
 * answer only after the journal: the driver goes on when the next item is asked for, which is after `append`.
 */
export async function superviseLine(supervision: SupervisionOptions): Promise<void> {
  const options = { ...supervision, refused: new Refused(supervision.clock) };
  const { line, numbers, clock, random, log, signal } = options;
  const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
  const crashedMs: number[] = [];
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const error = await runOnce(options).then(
      () => fail('wire-lost', `${line.name}: the far side closed it`),
      (thrown: unknown) => thrown,
    );
    if (signal.aborted) break;
    if (clock.monotonicMs() - startedMs >= limits.RECOVERED_AFTER_MS) backoff.reset();
    const isFailure = error instanceof Failure;
    const news = isFailure ? error.message : String((error as Error).stack ?? error);
    const isNews = news !== numbers.lastFailure;
    numbers.lastFailure = news;
    numbers.become('closed', clock.wallMs());
    if (isFailure) {
      numbers.failures += 1;
      if (isNews) log.warn({ line: line.name, code: error.code }, error.message);
      if (error.retry === 'never') await isolate(options, error.message);
      else await rest(options, error.retry === 'now' ? limits.REOPEN_MIN_MS : backoff.nextMs());
    } else {
      numbers.crashes += 1;
      log.error({ line: line.name, error: numbers.lastFailure }, 'a driver failed by an error of this program');
      crashedMs.push(clock.monotonicMs());
      const recent = crashedMs.filter((ms) => clock.monotonicMs() - ms < limits.CRASH_WINDOW_MS).length;
      if (recent >= limits.CRASHES_MAX) await isolate(options, String((error as Error).message ?? error));
      else await rest(options, backoff.nextMs());
    }
  }
  numbers.become('closed', clock.wallMs());
}

async function runOnce(options: Supervision): Promise<void> {
  const { line, numbers, clock, log, signal } = options;
  const running = await openInTime(line, clock, signal);
  using watch = new AbortScope(signal);
  const pulse = new Pulse(options);
  try {
    numbers.follow(running.at, running.counters);
    numbers.become('open', clock.wallMs());
    numbers.lastFailure = null;
    numbers.doubt = running.doubt ?? null;
    log.info({ line: line.name, at: running.at }, 'line open');
    void watchDrops(options, running, watch.signal);
    void pulse.watch(watch.signal);
    await hearAll(options, running, pulse);
  } finally {
    await letGo(options, running);
  }
}

async function hearAll(options: Supervision, { heard }: Running, pulse: Pulse): Promise<void> {
  for (;;) {
    const step = await pulse.wait(heard.next());
    if (step.done) return;
    await pulse.during(commit(options, step.value));
  }
}

/** Ends the driver, then closes the wire. What a hung driver holds on to is left to it: its successor must not wait for that. */
async function letGo({ line, clock, log }: Supervision, running: Running): Promise<void> {
  for (const step of [() => running.heard.return(), () => running[Symbol.asyncDispose]()]) {
    try {
      const done = await within(clock, Promise.resolve<unknown>(step()), limits.LET_GO_WITHIN_MS);
      if (done === 'late') log.error({ line: line.name }, 'a driver or its wire does not let go');
    } catch (error) {
      log.warn({ line: line.name }, `letting go: ${(error as Error).message}`);
    }
  }
}

/** Says when more datagrams were dropped: their devices send again, but a buffer that overflows will do so when all of them speak. */
async function watchDrops(options: Supervision, { dropped }: Running, signal: AbortSignal): Promise<void> {
  const { line, numbers, clock, log, tell } = options;
  if (!dropped) return;
  let known = 0;
  while (!signal.aborted) {
    await clock.sleep(limits.DROPS_EVERY_MS, signal).catch(() => {});
    const total = signal.aborted ? known : await dropped();
    if (total <= known) continue;
    numbers.dropped += total - known;
    const text = `${total - known} datagrams dropped on this machine`;
    known = total;
    log.warn({ line: line.name }, text);
    await tellAnyhow(tell('datagrams-dropped', text), options);
  }
}

/** A signal that aborts with another one, or at the end of a block. */
class AbortScope implements Disposable {
  readonly #own = new AbortController();
  readonly signal: AbortSignal;

  constructor(outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#own.signal]);
  }

  [Symbol.dispose](): void {
    this.#own.abort();
  }
}

/** Makes durable what was heard. */
async function commit(options: Supervision, heard: readonly Heard[]): Promise<void> {
  const { numbers, normalizer, refused } = options;
  for (const { device, packet, heardMs } of heard) if (packet !== null) numbers.heardMs.set(device, heardMs);
  const offers: Offer[] = [];
  try {
    for (const one of heard) offers.push(offerOf(one, options));
    const events = offers.flatMap((offer) => offer.events);
    if (events.length > 0)
      await appendSurely(
        options,
        events,
        offers.some(({ isAgain }) => isAgain),
      );
    normalizer.settle(heard);
    for (const one of heard) refused.forget(one);
    numbers.events += events.length;
  } catch (error) {
    normalizer.revert(heard);
    for (const { one, events } of offers) if (events.length > 0) refused.note(one, events);
    throw error;
  }
}

/** Something heard and the events it is offered as. */
interface Offer {
  readonly one: Heard;
  readonly events: readonly SiteEvent[];
  readonly isAgain: boolean;
}

function offerOf(one: Heard, { normalizer, refused }: Supervision): Offer {
  const events = normalizer.normalize(one);
  const again = refused.again(one, events);
  return { one, events: again ?? events, isAgain: again !== null };
}

/** Offers events to the journal: once where the device repeats what got no answer, otherwise until the journal takes them or we stop. */
async function appendSurely(options: Supervision, events: readonly SiteEvent[], isAgain: boolean): Promise<void> {
  const { line, numbers, clock, random, append, log, signal } = options;
  const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
  for (let again = isAgain; ; again = true) {
    numbers.beatMs = clock.monotonicMs();
    try {
      await append(events, again);
      return;
    } catch (error) {
      const isLast = !line.saidOnce || signal.aborted || !(error instanceof Failure) || error.retry === 'never';
      if (isLast) throw error;
      log.error({ line: line.name, code: error.code }, `offered again, the device says it once: ${error.message}`);
      await clock.sleep(backoff.nextMs(), signal).catch(() => {});
    }
  }
}

/** Waits, and meanwhile says which devices fall silent: a lost wire must not hide a lost panel. */
async function rest(options: Supervision, restMs: number): Promise<void> {
  const { line, numbers, clock, log, signal } = options;
  const untilMs = clock.monotonicMs() + restMs;
  while (!signal.aborted && clock.monotonicMs() < untilMs) {
    numbers.beatMs = clock.monotonicMs();
    const lost = line.links.overdue();
    try {
      if (lost.length > 0) {
        await commit(options, lost);
        line.links.settle(lost);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      log.warn({ line: line.name, code: error.code }, error.message);
      await clock.sleep(limits.BEAT_EVERY_MS, signal).catch(() => {});
      continue;
    }
    const waitMs = Math.min(untilMs - clock.monotonicMs(), Math.max(1, line.links.dueInMs()), limits.BEAT_EVERY_MS);
    await clock.sleep(Math.max(0, waitMs), signal).catch(() => {});
  }
}

/** A driver that keeps crashing is left alone for a while, loudly, and then gets another chance. */
async function isolate(options: Supervision, why: string): Promise<void> {
  const { line, numbers, clock, log, tell, signal } = options;
  numbers.become('isolated', clock.wallMs());
  log.error({ line: line.name }, `line isolated for ${limits.ISOLATED_MS / 1000} s: ${why}`);
  await tellAnyhow(tell('driver-failed', `${line.name}: ${why}`), options);
  await rest(options, limits.ISOLATED_MS);
  if (signal.aborted) return;
  await tellAnyhow(tell('driver-recovered', `${line.name}: tried again`), options);
}

/** A word about a trouble must not itself become one: what the journal refuses is in the log. */
async function tellAnyhow(told: Promise<unknown>, { line, log }: Supervision): Promise<void> {
  try {
    await told;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.error({ line: line.name, code: error.code }, error.message);
  }
}
