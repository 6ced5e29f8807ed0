import { Failure, type SiteEvent } from '@fengsui/protocol';
import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from './drivers/rehearsal.ts';
import { fail } from './failures.ts';
import * as limits from './limits.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { withoutPulse } from './pulse.ts';
import { superviseLine } from './supervise.ts';
import type { Line, SupervisionOptions } from './supervision.ts';

const FIRE: Heard = {
  device: 'panel-1',
  family: 'jbf-193k/1',
  observations: [{ what: 'fire', address: { loop: 1, point: 2 } }],
  packet: Uint8Array.of(1, 2, 3),
  heardMs: 1_000,
};

/** What a driver of the test does in one run: yields these, then ends or throws. */
type Run = (log: string[]) => AsyncGenerator<readonly Heard[], void, undefined>;

interface Rig {
  readonly log: string[];
  readonly numbers: LineNumbers;
  readonly clock: ManualClock;
  readonly stop: AbortController;
  readonly running: Promise<void>;
  readonly told: string[];
}

function rig(
  runs: readonly Run[],
  more: Partial<SupervisionOptions> = {},
  lost: readonly Heard[] = [],
  kind: Pick<Line, 'saidOnce' | 'nobodyRepeats' | 'slowestLossMs'> = {},
): Rig {
  const log: string[] = [];
  const told: string[] = [];
  const clock = new ManualClock();
  const stop = new AbortController();
  const numbers = new LineNumbers(0);
  let turn = 0;
  let overdue = lost;
  const line: Line = {
    name: 'panel-line',
    ...kind,
    async open() {
      const run = runs[Math.min(turn++, runs.length - 1)]!;
      log.push('open');
      return {
        at: '/dev/x',
        counters: { bytesIn: 10, bytesOut: 1 },
        heard: run(log),
        [Symbol.asyncDispose]: async () => {
          log.push('close');
        },
      };
    },
    links: {
      overdue: () => overdue,
      dueAtMs: () => (overdue.length > 0 ? 0 : Number.POSITIVE_INFINITY),
      areLost: () => false,
      settle: () => {
        overdue = [];
      },
    },
  };
  const running = superviseLine({
    line,
    numbers,
    clock,
    random: () => 0,
    normalizer: {
      normalize: ({ observations, device }) => observations.map(({ what }) => ({ kind: what, source: device }) as unknown as SiteEvent),
      settle: (heard) => log.push(`settle ${heard.length}`),
      revert: (heard) => log.push(`revert ${heard.length}`),
    },
    append: async (events) => log.push(...events.map(({ kind, source }) => `append ${kind} ${source}`)),
    tellDropped: async (text) => told.push(text),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    signal: stop.signal,
    ...more,
  });
  return { log, numbers, clock, stop, running, told };
}

/** Lets time pass in steps until a condition holds. */
async function until(clock: ManualClock, stepMs: number, holds: () => boolean): Promise<void> {
  await vi.waitFor(
    async () => {
      await clock.advance(stepMs);
      expect(holds()).toBe(true);
    },
    { timeout: 60_000, interval: 1 },
  );
}

async function* answering(log: string[]): AsyncGenerator<readonly Heard[], void, undefined> {
  yield [FIRE];
  log.push('answer');
  await new Promise<never>(() => {});
}

async function* broken(): AsyncGenerator<readonly Heard[], void, undefined> {
  yield* [];
  throw fail('wire-lost', 'unplugged');
}

async function* crashing(): AsyncGenerator<readonly Heard[], void, undefined> {
  yield* [];
  throw new TypeError('a mistake of ours');
}

it('a stop waits for what is held of a file that opens just then', async () => {
  const stored: string[] = [];
  let isShut = true;
  const run: Run = async function* () {
    yield [FIRE];
    await new Promise(() => {});
  };
  const append = async (events: readonly SiteEvent[]) => {
    if (isShut) throw fail('journal-unopened', 'shut');
    await clock.sleep(limits.HELD_LAST_MS / 2);
    stored.push(...events.map(({ kind }) => kind));
  };
  const { clock, stop, running } = rig([run], { append }, [], { nobodyRepeats: true });
  await clock.advance(100);
  isShut = false;
  stop.abort();
  const ended = running.then(() => stored.length);
  await clock.advance(10_000);
  expect(await ended).toBe(1);
});

describe('the supervisor of a line', () => {
  it('lets the device have its answer only after the events are durable', async () => {
    const { log, numbers } = rig([answering]);
    await vi.waitFor(() => expect(log).toContain('answer'), 60_000);
    expect(log).toEqual(['open', 'append fire panel-1', 'settle 1', 'answer']);
    expect(numbers).toMatchObject({ state: 'open', events: 1, bytesIn: 10 });
    expect(numbers.heardMs.get('panel-1')).toBe(1_000);
  });

  it('answers nothing, forgets what it concluded and opens anew when the journal refuses', async () => {
    let refusals = 1;
    const { log, clock, numbers } = rig([answering], {
      append: async () => {
        if (refusals-- > 0) throw fail('journal-full', 'no space');
      },
    });
    await until(clock, 100, () => log.includes('answer'));
    expect(log).toEqual(['open', 'revert 1', 'close', 'open', 'settle 1', 'answer']);
    expect(numbers.failures).toBe(1);
  });

  it('offers to the journal again what a device says only once, and goes on where it stood', async () => {
    let refusals = 3;
    const log: string[] = [];
    const { clock, numbers } = rig(
      [answering],
      {
        append: async (events) => {
          if (refusals-- > 0) throw fail('journal-hung', 'disk');
          log.push(...events.map(({ kind }) => `append ${kind}`));
        },
      },
      [],
      { saidOnce: true },
    );
    await until(clock, 100, () => log.length > 0);
    expect(log).toEqual(['append fire']);
    expect(numbers).toMatchObject({ failures: 0, events: 1 });
  });

  describe('while the file of one lane cannot be opened', () => {
    const event = (id: string, kind: SiteEvent['kind']) => ({ id, kind }) as unknown as SiteEvent;
    /** Two rounds of a fire and a fault, each heard together, and a journal with one lane. */
    function halved(kind: Pick<Line, 'saidOnce' | 'nobodyRepeats'>, packet: Uint8Array | null) {
      let round = 0;
      const stored: string[] = [];
      const journal = { isShut: true };
      const twoRounds: Run = async function* (log) {
        for (const turn of [1, 2]) {
          yield [{ ...FIRE, packet }];
          log.push(`answer ${turn}`);
        }
        await new Promise<never>(() => {});
      };
      const normalize = () => [event(`fire-${++round}`, 'fire'), event(`fault-${round}`, 'fault')];
      const append: SupervisionOptions['append'] = async (events) => {
        const isOrdinary = ({ kind: of }: SiteEvent) => of === 'fault';
        for (const { id } of events.filter((one) => !isOrdinary(one))) if (!stored.includes(id)) stored.push(id);
        if (journal.isShut && events.some(isOrdinary)) throw fail('journal-unopened', 'ordinary.sqlite');
        for (const { id } of events.filter(isOrdinary)) stored.push(id);
      };
      const normalizer = { normalize, settle: () => {}, revert: () => {} };
      return { stored, journal, ...rig([twoRounds], { normalizer, append }, [], kind) };
    }

    it.each([
      ['a device says once', { saidOnce: true, nobodyRepeats: true }, FIRE.packet],
      ['a poll brought', { nobodyRepeats: true }, FIRE.packet],
      ['no device said', {}, null],
    ])('holds what %s, and the alarms behind it are not kept waiting', async (_what, kind, packet) => {
      const { stored, journal, log, clock } = halved(kind, packet);
      await until(clock, 100, () => log.includes('answer 2'));
      expect(stored).toEqual(['fire-1', 'fire-2']);
      journal.isShut = false;
      await until(clock, 1_000, () => stored.length === 4);
      expect(stored).toEqual(['fire-1', 'fire-2', 'fault-1', 'fault-2']);
      expect(log.filter((each) => each === 'open')).toHaveLength(1);
    });

    it('answers no device that repeats what is not durable', async () => {
      const { stored, journal, log, clock } = halved({}, FIRE.packet);
      await until(clock, 100, () => log.filter((each) => each === 'close').length > 1);
      expect([stored, log.some((each) => each.startsWith('answer'))]).toEqual([['fire-1'], false]);
      journal.isShut = false;
      await until(clock, 1_000, () => log.includes('answer 1'));
    });
  });

  it('offers what a device repeats after a refusal under the ids it had, and what comes after that under new ones', async () => {
    let refusals = 2;
    let minted = 0;
    const offered: string[] = [];
    const repeating: Run = async function* () {
      yield [FIRE];
      yield [FIRE];
      await new Promise<never>(() => {});
    };
    const { clock } = rig([repeating], {
      normalizer: {
        normalize: ({ observations }) => observations.map(() => ({ id: `id-${++minted}`, kind: 'fire' }) as unknown as SiteEvent),
        settle: () => {},
        revert: () => {},
      },
      append: async ([event], again) => {
        offered.push(`${event!.id} ${again}`);
        if (refusals-- > 0) throw fail('journal-io', 'half of it');
      },
    });
    await until(clock, 100, () => offered.length === 4);
    expect(offered).toEqual(['id-1 false', 'id-1 true', 'id-1 true', 'id-4 false']);
  });

  it('takes what a device says long after a refusal for something new', async () => {
    let refusals = 1;
    const offered: boolean[] = [];
    const late: Run = async function* () {
      if (offered.length > 0) await clock.sleep(120_000);
      yield [FIRE];
      await new Promise<never>(() => {});
    };
    const { clock } = rig([late], {
      append: async (_, again) => {
        offered.push(again);
        if (refusals-- > 0) throw fail('journal-io', 'half of it');
      },
    });
    await until(clock, 1_000, () => offered.length === 2);
    expect(offered).toEqual([false, false]);
  });

  it('opens a lost wire again and again, with growing rests, and shows why it is closed', async () => {
    const { log, clock, numbers } = rig([broken]);
    await until(clock, 500, () => numbers.failures >= 8);
    expect(numbers.state).toBe('closed');
    expect(numbers.lastFailure).toMatch(/^wire-lost: unplugged/);
    expect(numbers.bytesIn).toBe(10 * log.filter((word) => word === 'open').length);
    expect(clock.monotonicMs()).toBeGreaterThan(8_000);
  });

  it('takes the end of a wire for its loss', async () => {
    const { numbers, clock } = rig([async function* ended() {}]);
    await until(clock, 100, () => numbers.failures >= 2);
    expect(numbers.lastFailure).toMatch(/^wire-lost/);
  });

  it('says that a device is lost while its wire cannot be opened', async () => {
    const lost: Heard = { ...FIRE, observations: [{ what: 'link', address: {}, detail: 'lost' }], packet: null };
    const { log, clock } = rig([broken], {}, [lost]);
    await until(clock, 50, () => log.includes('append link panel-1'));
    expect(log.filter((word) => word.startsWith('append'))).toHaveLength(1);
  });

  it('isolates a driver that crashes three times in a minute, says so, and tries it again later', async () => {
    const { log, clock, numbers } = rig([crashing, crashing, crashing, answering]);
    await until(clock, 200, () => numbers.state === 'isolated');
    expect(numbers.crashes).toBe(3);
    expect(numbers.isolatedWhy).not.toBeNull();
    await clock.advance(60_000);
    expect(log.filter((word) => word === 'open')).toHaveLength(3);
    await until(clock, 30_000, () => log.includes('answer'));
    expect(numbers.isolatedWhy).toBeNull();
  });

  it('does not try what can never work again, until much later', async () => {
    const never = new Failure('x', { retry: 'never', en: 'no', zh: '否', remedy: 'none' }, 'never');
    const { numbers, clock, log } = rig([
      // biome-ignore lint/correctness/useYield: it fails before it hears anything
      async function* hopeless() {
        throw never;
      },
    ]);
    await until(clock, 10, () => numbers.state === 'isolated');
    expect(log.filter((word) => word === 'open')).toHaveLength(1);
  });

  it('ends when it is told to, also in the middle of a rest', async () => {
    const { stop, running, clock, numbers } = rig([broken]);
    await until(clock, 100, () => numbers.failures >= 3);
    stop.abort();
    await running;
    expect(numbers.state).toBe('closed');
  });

  it('gives a driver that does not wake for a silent device a successor, and closes its wire', async () => {
    const lost: Heard = { ...FIRE, observations: [{ what: 'link', address: {}, detail: 'lost' }], packet: null };
    const hung: Run = async function* (log) {
      log.push('hangs');
      await new Promise(() => {});
      yield [];
    };
    const { log, numbers, clock, stop, running } = rig([hung, answering], {}, [lost]);
    await clock.advance(limits.DRIVER_HUNG_MS + 2 * limits.LET_GO_WITHIN_MS + limits.REOPEN_MIN_MS);
    await clock.advance(2_000);
    expect(log.slice(0, 3)).toEqual(['open', 'hangs', 'close']);
    expect(log.slice(3)).toEqual(expect.arrayContaining(['append link panel-1', 'open', 'append fire panel-1', 'answer']));
    expect(numbers.crashes).toBe(1);
    stop.abort();
    await clock.advance(2 * limits.LET_GO_WITHIN_MS);
    await clock.advance(2 * limits.LET_GO_WITHIN_MS);
    await running;
  });

  it('gives a bus of dead units the time their questions in vain take', async () => {
    const lost: Heard = { ...FIRE, observations: [{ what: 'link', address: {}, detail: 'lost' }], packet: null };
    const slow: Run = async function* () {
      await new Promise(() => {});
      yield [];
    };
    const { numbers, clock, stop, running } = rig([slow], {}, [lost], { slowestLossMs: 60_000 });
    await clock.advance(limits.DRIVER_HUNG_MS + 50_000);
    expect(numbers.crashes).toBe(0);
    await clock.advance(20_000);
    expect(numbers.crashes).toBe(1);
    stop.abort();
    for (let step = 0; step < 4; step += 1) await clock.advance(2 * limits.LET_GO_WITHIN_MS);
    await running;
  });

  it('shows a sign of life while its wire is open and while it is not, and none when the journal never answers', async () => {
    const sinceBeat = async ({ clock, numbers }: Rig) => {
      await clock.advance(60_000);
      return clock.monotonicMs() - numbers.beatMs!;
    };
    expect(await sinceBeat(rig([answering]))).toBeLessThan(2 * limits.BEAT_EVERY_MS);
    expect(await sinceBeat(rig([broken]))).toBeLessThan(2 * limits.BEAT_EVERY_MS);
    expect(await sinceBeat(rig([answering], { append: () => new Promise(() => {}) }))).toBeGreaterThan(limits.BEAT_OVERDUE_MS);
  });

  it('is without pulse soon when its supervisor hangs, and not while a slow journal still has time to answer', async () => {
    const { clock, numbers } = rig([answering], { append: () => new Promise(() => {}) });
    const dead = () => withoutPulse([{ line: { name: 'l', links: { dueAtMs: () => 1 } }, numbers }], clock);
    await clock.advance(limits.JOURNAL_ANSWER_TIMEOUT_MS * limits.JOURNAL_SLOW_FACTOR + limits.BEAT_OVERDUE_MS - 1_000);
    expect(dead()).toEqual([]);
    await clock.advance(2_000);
    expect(dead()).toEqual(['l']);
    const hung = rig([answering]);
    await hung.clock.advance(1_000);
    hung.numbers.beatMs = hung.clock.monotonicMs() - limits.BEAT_OVERDUE_MS - 1;
    expect(withoutPulse([{ line: { name: 'h', links: { dueAtMs: () => 1 } }, numbers: hung.numbers }], hung.clock)).toEqual(['h']);
  });

  it('does not wait for ever for a wire to open, and closes one that opens late', async () => {
    const late = Promise.withResolvers<void>();
    let opened = 0;
    let closed = 0;
    const line: Line = {
      ...{ name: 'l', links: { overdue: () => [], dueAtMs: () => Number.POSITIVE_INFINITY, areLost: () => false, settle: () => {} } },
      async open() {
        opened += 1;
        await late.promise;
        const dispose = async () => void (closed += 1);
        return { at: 'x', counters: { bytesIn: 0, bytesOut: 0 }, heard: answering([]), [Symbol.asyncDispose]: dispose };
      },
    };
    const { clock } = rig([answering], { line });
    await clock.advance(limits.OPEN_WITHIN_MS + 1_000);
    expect(opened).toBe(2);
    late.resolve();
    await clock.advance(100);
    expect(closed).toBe(1);
  });

  it('ends soon after it is told to while a wire hangs in opening, and closes that wire if it opens after all', async () => {
    const late = Promise.withResolvers<void>();
    let closed = 0;
    const line: Line = {
      ...{ name: 'l', links: { overdue: () => [], dueAtMs: () => Number.POSITIVE_INFINITY, areLost: () => false, settle: () => {} } },
      async open() {
        await late.promise;
        const dispose = async () => void (closed += 1);
        return { at: 'x', counters: { bytesIn: 0, bytesOut: 0 }, heard: answering([]), [Symbol.asyncDispose]: dispose };
      },
    };
    const { clock, stop, running } = rig([answering], { line });
    await clock.advance(300);
    let endedMs = Number.POSITIVE_INFINITY;
    void running.then(() => (endedMs = clock.monotonicMs()));
    stop.abort();
    await clock.advance(2 * limits.OPEN_WITHIN_MS);
    expect(endedMs).toBeLessThanOrEqual(300 + limits.LET_GO_WITHIN_MS);
    late.resolve();
    await clock.advance(100);
    expect(closed).toBe(1);
  });

  it('tells of datagrams that were dropped when their number grows, and only then', async () => {
    let drops = 0;
    const silent: Run = async function* () {
      yield [];
      await new Promise(() => {});
    };
    const told: string[] = [];
    const clock = new ManualClock();
    const stop = new AbortController();
    const numbers = new LineNumbers(0);
    void superviseLine({
      line: {
        name: 'nb',
        open: async () => ({
          at: 'x',
          counters: { bytesIn: 0, bytesOut: 0 },
          heard: silent([]),
          dropped: async () => drops,
          [Symbol.asyncDispose]: async () => {},
        }),
        links: { overdue: () => [], dueAtMs: () => Number.POSITIVE_INFINITY, areLost: () => false, settle: () => {} },
      },
      numbers,
      clock,
      random: () => 0,
      normalizer: { normalize: () => [], settle: () => {}, revert: () => {} },
      append: async () => {},
      tellDropped: async (text) => told.push(text),
      log: { info: () => {}, warn: () => {}, error: () => {} },
      signal: stop.signal,
    });
    await clock.advance(60_000);
    expect(told).toEqual([]);
    drops = 7;
    await clock.advance(60_000);
    drops = 9;
    await clock.advance(60_000);
    expect(told).toEqual(['7 datagrams dropped on this machine', '2 datagrams dropped on this machine']);
    expect(numbers.dropped).toBe(9);
    stop.abort();
  });
});
