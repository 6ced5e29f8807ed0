import { Failure } from '@fengsui/protocol';
import { Backoff } from './backoff.ts';
import { untilTick } from './clock.ts';
import { commit } from './commit.ts';
import { fail } from './failures.ts';
import { Held } from './held.ts';
import * as limits from './limits.ts';
import { beating, openInTime, Pulse, within } from './pulse.ts';
import { Refused } from './refused.ts';
import { Silence } from './silence.ts';
import type { Running, Supervision, SupervisionOptions } from './supervision.ts';

/**
 * Keeps one line running until the signal aborts, whatever happens to it; no other line hears of it. The device has its
 * answer only after the journal: the driver goes on when the next item is asked for, which is after `append`.
 */
export async function superviseLine(supervision: SupervisionOptions): Promise<void> {
  const options = { ...supervision, refused: new Refused(supervision.clock), held: new Held(supervision) };
  const { line, numbers, clock, random, log, signal } = options;
  const backoff = new Backoff(limits.REOPEN_MIN_MS, limits.REOPEN_MAX_MS, random);
  const silence = new Silence(options);
  const crashedMs: number[] = [];
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const error = await runOnce(options, silence).then(
      (how) => (how === 'silent' ? null : fail('wire-lost', `${line.name}: the far side closed it`)),
      (thrown: unknown) => thrown,
    );
    if (signal.aborted) break;
    if (error === null) continue;
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
  await within(clock, options.held.ended(), limits.HELD_LAST_MS);
  numbers.become('closed', clock.wallMs());
}

async function runOnce(options: Supervision, silence: Silence): Promise<'ended' | 'silent'> {
  const { line, numbers, clock, log, signal } = options;
  const anew = new AbortController();
  const run = AbortSignal.any([signal, anew.signal]);
  const running = await beating(options, openInTime(line, clock, run));
  using watch = new AbortScope(run);
  const pulse = new Pulse(options);
  try {
    numbers.follow(running.at, running.counters);
    numbers.become('open', clock.wallMs());
    numbers.lastFailure = null;
    numbers.doubt = running.doubt ?? null;
    log.info({ line: line.name, at: running.at }, 'line open');
    void watchDrops(options, running, watch.signal);
    void pulse.watch(watch.signal);
    void silence.over(running, watch.signal).then((isOver) => isOver && anew.abort());
    await hearAll(options, running, pulse);
  } catch (error) {
    if (!anew.signal.aborted) throw error;
    log.warn({ line: line.name }, `its wire is opened anew: ${(error as Error).message}`);
  } finally {
    await beating(options, letGo(options, running));
  }
  return anew.signal.aborted ? 'silent' : 'ended';
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
  const { line, numbers, clock, log, tellDropped } = options;
  if (!dropped) return;
  let known = 0;
  while (!signal.aborted) {
    await untilTick(clock, limits.DROPS_EVERY_MS, signal);
    const total = signal.aborted ? known : await dropped();
    if (total <= known) continue;
    numbers.dropped += total - known;
    const text = `${total - known} datagrams dropped on this machine`;
    known = total;
    log.warn({ line: line.name }, text);
    await tellAnyhow(tellDropped(text), options);
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
    const waitMs = Math.min(untilMs - clock.monotonicMs(), Math.max(1, line.links.dueAtMs() - clock.monotonicMs()), limits.BEAT_EVERY_MS);
    await clock.sleep(Math.max(0, waitMs), signal).catch(() => {});
  }
}

/** A driver that keeps crashing is left alone for a while, loudly, and then gets another chance. */
async function isolate(options: Supervision, why: string): Promise<void> {
  const { line, numbers, clock, log } = options;
  numbers.become('isolated', clock.wallMs());
  numbers.isolatedWhy = why;
  log.error({ line: line.name }, `line isolated for ${limits.ISOLATED_MS / 1000} s: ${why}`);
  await rest(options, limits.ISOLATED_MS);
  numbers.isolatedWhy = null;
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
