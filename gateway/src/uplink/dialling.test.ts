import type { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { fail } from '../failures.ts';
import type { Dialled } from './dial.ts';
import { type DiallingOptions, dialling } from './dialling.ts';
import { Patience } from './patience.ts';

const soon = { timeout: 60_000, interval: 20 };
const never = new AbortController().signal;

/** Dials that answer, greet or fail when they are told. */
class Line {
  readonly tries: Array<{ answer(): void; greet(): void; fail(why: string): void; isOver: boolean; isDropped: boolean }> = [];

  readonly dial: DiallingOptions['dial'] = (answered, signal) => {
    const made = Promise.withResolvers<Dialled>();
    const one = {
      answer: answered,
      greet: () =>
        made.resolve({ socket: { destroy: () => (one.isDropped = true) } as unknown as Socket, tookMs: this.tries.indexOf(one) }),
      fail: (why: string) => made.reject(fail('uplink-unreachable', why)),
      ...{ isOver: false, isDropped: false },
    };
    this.tries.push(one);
    signal.addEventListener('abort', () => {
      one.isOver = true;
      made.reject(fail('uplink-lost', 'given up'));
    });
    return made.promise;
  };
}

const begun = (line: Line, more: Partial<DiallingOptions> = {}) =>
  dialling({ dial: line.dial, urgent: async () => {}, random: () => 0, withinMs: 600_000, signal: never, ...more });

it('dials anew beside what has no answer while an alarm waits; who greets first is taken and the others are given up', async () => {
  const line = new Line();
  const won = begun(line);
  await vi.waitFor(() => expect(line.tries.length).toBeGreaterThanOrEqual(3), soon);
  line.tries[1]!.greet();
  expect((await won).tookMs).toBe(1);
  const many = line.tries.length;
  expect(line.tries.map(({ isOver }) => isOver)).toEqual(line.tries.map(() => true));
  line.tries[0]!.greet();
  expect([line.tries.length, line.tries[1]!.isDropped]).toEqual([many, false]);
});

it('dials once where nothing is urgent, and beside that as soon as an alarm comes', async () => {
  const line = new Line();
  const alarm = Promise.withResolvers<void>();
  let asked = 0;
  const won = begun(line, {
    urgent: () => {
      asked += 1;
      return alarm.promise;
    },
  });
  await vi.waitFor(() => expect(asked).toBe(1), soon);
  expect(line.tries).toHaveLength(1);
  alarm.resolve();
  await vi.waitFor(() => expect(line.tries.length).toBeGreaterThanOrEqual(2), soon);
  line.tries[1]!.greet();
  await won;
});

it('keeps a bounded number of dials that nobody answered, and gives up the oldest; one that was answered it keeps', async () => {
  const line = new Line();
  const over = new AbortController();
  vi.useFakeTimers({ toFake: ['performance'] });
  const won = begun(line, { signal: over.signal });
  try {
    line.tries[0]!.answer();
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(() => expect(line.tries.length).toBeGreaterThanOrEqual(10), { timeout: 120_000, interval: 50 });
    const [answered, oldest] = line.tries;
    expect([answered!.isOver, oldest!.isOver]).toEqual([false, true]);
    expect(line.tries.filter(({ isOver }, index) => index > 0 && !isOver).length).toBeLessThanOrEqual(8);
  } finally {
    vi.useRealTimers();
    over.abort();
    await expect(won).rejects.toMatchObject({ code: 'uplink-lost' });
  }
});

it('tells why when all that was dialled has failed, and names slowness where nobody greeted in time', async () => {
  const line = new Line();
  const failed = begun(line);
  line.tries[0]!.fail('refused');
  await expect(failed).rejects.toMatchObject({ message: expect.stringContaining('refused') });
  await expect(begun(new Line(), { withinMs: 20 })).rejects.toMatchObject({ message: expect.stringContaining('takes seconds') });
});

it('a try may take twice as long after one that ended by time, up to 20 s, and no longer than at first beside another way', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const given: number[] = [];
    const late = (patience: Patience, code: 'uplink-unreachable' | 'uplink-refused' = 'uplink-unreachable') =>
      patience
        .during(async (withinMs) => {
          given.push(withinMs);
          vi.advanceTimersByTime(withinMs);
          throw fail(code, 'late');
        })
        .catch(() => {});
    const alone = new Patience(20_000);
    for (let turn = 0; turn < 4; turn++) await late(alone);
    expect(given.splice(0)).toEqual([10_000, 20_000, 20_000, 20_000]);
    await alone.during(async () => void vi.advanceTimersByTime(14_000));
    await late(alone);
    await alone.during(async () => void vi.advanceTimersByTime(100));
    await late(alone, 'uplink-refused');
    await late(alone);
    expect(given.splice(0)).toEqual([20_000, 10_000, 10_000]);
    const beside = new Patience(10_000);
    for (let turn = 0; turn < 2; turn++) await late(beside);
    expect(given).toEqual([10_000, 10_000]);
  } finally {
    vi.useRealTimers();
  }
});
