import { expect, it } from 'vitest';
import { ManualClock } from './drivers/rehearsal.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { roundTrip } from './round-trip.ts';
import { superviseLine } from './supervise.ts';
import type { Running, SupervisionOptions } from './supervision.ts';
import { watchdogOfUnit } from './watchdog.fixture.ts';
import { feedWatchdog } from './watchdog.ts';

/** The watchdog is about what hangs. Nothing that a line may go through on a site, however long, may starve it. */

/** The slowest journal that is no hang. */
const SLOW_MS = limits.JOURNAL_ANSWER_TIMEOUT_MS - 100;
const LOST: Heard = { device: 'd', family: 'f', observations: [{ what: 'link', address: {}, detail: 'lost' }], packet: null, heardMs: 0 };
const FIRE: Heard = { ...LOST, observations: [{ what: 'fire', address: {} }], packet: Uint8Array.of(1) };
const EVENTS = [{ kind: 'fire' }, { kind: 'reading' }];

interface Life {
  open?(clock: ManualClock, turn: number): Promise<void>;
  hear?(clock: ManualClock): AsyncGenerator<readonly Heard[], void, undefined>;
  close?(clock: ManualClock): Promise<void>;
  append?(clock: ManualClock): Promise<void>;
  readonly line?: Partial<SupervisionOptions['line']>;
}

async function* quiet(): AsyncGenerator<readonly Heard[], void, undefined> {
  await new Promise(() => {});
}
async function* speaking(clock: ManualClock): AsyncGenerator<readonly Heard[], void, undefined> {
  for (;;) {
    yield [FIRE];
    await clock.sleep(1_000);
  }
}
// biome-ignore lint/correctness/useYield: it never comes to that
async function* crashing(): AsyncGenerator<readonly Heard[], void, undefined> {
  throw new Error('an error of this program');
}
const refuses = (code: 'journal-io' | 'journal-unopened' | 'journal-hung') => async (clock: ManualClock) => {
  await clock.sleep(SLOW_MS);
  throw fail(code, 'x');
};
const never = () => new Promise<void>(() => {});

const LIVES: Readonly<Record<string, Life>> = {
  'answers no connect': {
    open: async (clock, turn) => {
      await clock.sleep(turn === 0 ? 3_000 : 10_000);
      throw fail('wire-open', 'x');
    },
  },
  'hangs in its opening, or in resolving a name': { open: never },
  'is refused at once': { open: async () => Promise.reject(fail('wire-open', 'x')) },
  'cannot be opened by an error of the program': { open: async () => Promise.reject(new Error('x')) },
  'closes again and again': { hear: async function* () {} },
  'is not let go': { hear: crashing, close: never },
  'crashes, and the journal is slow to take the word of it': { hear: crashing, append: (clock) => clock.sleep(SLOW_MS) },
  'crashes, and the journal refuses the word of it': { hear: crashing, append: refuses('journal-hung') },
  'is open and quiet': {},
  'speaks to a slow journal': { hear: speaking, append: (clock) => clock.sleep(SLOW_MS) },
  'speaks to a lane that is shut, and is told again': { hear: speaking, append: refuses('journal-unopened') },
  'speaks to a lane that is shut, and nobody repeats it': { hear: speaking, append: refuses('journal-io'), line: { nobodyRepeats: true } },
  'says it once, to a journal that refuses': { hear: speaking, append: refuses('journal-hung'), line: { saidOnce: true } },
  'lost a device while its wire is down': {
    open: async () => Promise.reject(fail('wire-open', 'x')),
    append: refuses('journal-hung'),
    line: { links: { overdue: () => [LOST], dueAtMs: () => 0, areLost: () => false, settle() {} } },
  },
};

function supervised(name: string, life: Life, clock: ManualClock, signal: AbortSignal) {
  const numbers = new LineNumbers(0);
  let turn = 0;
  const append = async () => life.append?.(clock);
  const line: SupervisionOptions['line'] = {
    name,
    links: { overdue: () => [], dueAtMs: () => Number.POSITIVE_INFINITY, areLost: () => false, settle() {} },
    open: async (): Promise<Running> => {
      await life.open?.(clock, turn++);
      return {
        ...{ at: 'x', counters: { bytesIn: 0, bytesOut: 0 }, heard: (life.hear ?? quiet)(clock) },
        [Symbol.asyncDispose]: async () => life.close?.(clock),
      };
    },
    ...life.line,
  };
  const normalizer = { normalize: () => EVENTS, settle() {}, revert() {} };
  const log = { info() {}, warn() {}, error() {} };
  const options = { line, numbers, clock, random: () => 0, normalizer, append, tell: append, log, signal };
  void superviseLine(options as unknown as SupervisionOptions);
  return { line, numbers };
}

/** The longest the watchdog was not fed while these lines lived for so long. */
async function hungriestMs(lives: ReadonlyArray<[string, Life]>, forMs: number): Promise<number> {
  const [clock, stop, fedMs] = [new ManualClock(), new AbortController(), [0]];
  const lines = lives.map(([name, life]) => supervised(name, life, clock, stop.signal));
  const journal = { alive: async () => ({}) };
  const trip = { lines, clock, uplinks: { stuck: () => [] }, journal } as unknown as Parameters<typeof roundTrip>[0];
  void feedWatchdog({
    manager: { watchdogMs: watchdogOfUnit(), notify: async () => void fedMs.push(clock.monotonicMs()) },
    ...{ roundTrip: () => roundTrip(trip), clock, log: { info() {}, warn() {}, error() {} }, signal: stop.signal },
  });
  await clock.advance(forMs);
  stop.abort();
  return Math.max(...[...fedMs, clock.monotonicMs()].map((ms, index, all) => ms - (all[index - 1] ?? 0)));
}

/** Where no line ever puts a feed off, none of any number of them does. */
const AS_EVER_MS = watchdogOfUnit() / limits.WATCHDOG_FEEDS;

it.each(Object.entries(LIVES))('a line that %s for an hour puts off no feed of the watchdog', { timeout: 600_000 }, async (name, life) => {
  expect(await hungriestMs([[name, life]], 3_600_000)).toBeLessThanOrEqual(AS_EVER_MS);
});

it('nor do two lines in each of these states, all at once', { timeout: 600_000 }, async () => {
  const lives = Object.entries(LIVES);
  expect(await hungriestMs([...lives, ...lives], 180_000)).toBeLessThanOrEqual(AS_EVER_MS);
});
