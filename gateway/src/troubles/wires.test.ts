import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import { folder, LINE, lineWasInOrder, rig } from './troubles.fixture.ts';
import { type WatchedLine, WiresWatcher } from './wires.ts';

/** A start: a clock of its own, and a line that nobody has opened yet. */
async function started(name: string, silenceMs: number) {
  const clock = new ManualClock();
  let line: WatchedLine = { ...LINE, name, silenceMs, state: 'closed', opened: 0 };
  const now = (more: Partial<WatchedLine>) => {
    line = { ...line, isolatedWhy: null, ...more };
  };
  const life = await rig(new WiresWatcher(clock, () => [line]), clock);
  const becomes: Readonly<Record<string, () => void>> = {
    open: () => now({ state: 'open', lastFailure: null, opened: line.opened + 1 }),
    byte: () => now({ bytesIn: line.bytesIn + 1 }),
    closed: () => now({ state: 'closed', lastFailure: 'wire-open: bus: /dev/ttyUSB0: no such file' }),
    crashed: () => now({ state: 'closed', lastFailure: 'TypeError: a mistake' }),
    isolated: () => now({ state: 'isolated', isolatedWhy: 'a mistake' }),
  };
  return { ...life, becomes };
}

const STARTS: Readonly<Record<string, { readonly name: string; readonly forgets?: boolean }>> = {
  restart: { name: LINE.name },
  replaced: { name: LINE.name, forgets: true },
  renamed: { name: 'new' },
};

/** What is said in a life such as `open 70, closed 40`: what becomes of it, and for how many seconds. Every look that a gateway takes is taken. */
async function told(life: string, silenceMs: number): Promise<string> {
  const words: string[] = [];
  let run = await started(LINE.name, silenceMs);
  for (const step of life.split(', ')) {
    const [what = '', seconds] = step.split(' ');
    const start = STARTS[what];
    if (start) {
      words.push(...run.words());
      if (start.forgets) rmSync(join(folder, 'troubles.json'));
      run = await started(start.name, silenceMs);
    } else run.becomes[what]!();
    await run.pass(Number(seconds) * 1_000);
  }
  return [...words, ...run.words()].join(', ');
}

const times = (count: number, steps: string) => Array<string>(count).fill(steps).join(', ');

const HOUR = 3_600;
const DOWN = 'wire-down began, wire-down ended';
const SILENT = 'wire-silent began, wire-silent ended';
const FAILED = 'driver-failed began, driver-recovered ended';
const ALL_OVER = 'wire-down ended, wire-silent ended, driver-recovered ended';

/** The story, after how many seconds of silence none of its devices can be alive, the life, and what is told of it. */
const LIVES: ReadonlyArray<readonly [story: string, silenceS: number, life: string, told: string]> = [
  // Down: closed for 30 s in all, until it has stayed open for a minute.
  ['closed for moments', HOUR, 'open 40, closed 20, open 90', ''],
  ['closed, then open for good', HOUR, 'closed 40, open 70', DOWN],
  ['closed, then open for less than a minute', HOUR, 'closed 40, open 50', 'wire-down began'],
  ['a first try that takes long', HOUR, 'restart 60, open 90', ''],
  ['open for 6 s of every minute', HOUR, times(60, 'closed 54, open 6'), 'wire-down began'],
  ['open for 6 s of every 36 s, never closed for long', HOUR, times(60, 'closed 30, open 6'), 'wire-down began'],
  ['open for moments, then for good', HOUR, `${times(9, 'closed 12, open 6')}, open 70`, DOWN],
  ['bytes whenever it is open for moments', HOUR, times(20, 'closed 30, open 4, byte 2'), 'wire-down began'],
  ['closed, then left alone', HOUR, 'closed 40, isolated 300', 'wire-down began, driver-failed began'],
  ['down, restarted, still down, then open', HOUR, 'closed 40, restart 20, closed 90, open 50, closed 4, open 70', DOWN],
  ['a converter that cuts what is idle', HOUR, times(60, 'open 50, closed 2, open 2'), ''],
  ['the same after it was down, with a byte', HOUR, `closed 40, open 2, byte 2, ${times(3, 'open 30')}`, DOWN],
  ['the same after it was down, without one', HOUR, `closed 40, ${times(20, 'open 30')}`, 'wire-down began'],
  // Silent: open without a byte for as long as its devices may be silent in all, until a byte.
  ['silent, then a byte', 60, 'open 70, byte 4', SILENT],
  ['silent, cut again and again', 60, `open 70, ${times(12, 'closed 6, open 300')}`, 'wire-silent began'],
  ['cut before its silence is long enough', 60, times(6, 'closed 4, open 20'), 'wire-silent began'],
  ['silent, then its plug is pulled', 60, 'open 70, closed 60', 'wire-silent began, wire-down began'],
  ['both, then open, then a byte', 60, 'open 70, closed 60, open 70, byte 4', `wire-silent began, ${DOWN}, wire-silent ended`],
  ['down for long, then silent for less than its time', 120, 'open 90, closed 600, open 110, byte 4', DOWN],
  ['silent, restarted, silent', 60, 'open 70, restart 10, open 300', 'wire-silent began'],
  ['silent, restarted, heard', 60, 'open 70, restart 10, open 10, byte 4', SILENT],
  ['silent, restarted, closed', 60, 'open 70, restart 2, closed 90', 'wire-silent began, wire-down began'],
  ['silent, left alone, silent', 60, 'open 70, isolated 300, open 50', 'wire-silent began, driver-failed began'],
  // Failed: its driver is left alone, until one has run for a minute.
  ['a driver that crashes now and then', HOUR, times(30, 'open 100, crashed 4'), ''],
  ['left alone, then it runs', HOUR, 'open 2, isolated 300, open 70', FAILED],
  ['left alone again and again', HOUR, times(9, 'open 18, byte 2, open 20, isolated 300'), 'driver-failed began'],
  ['left alone, restarted, left alone', HOUR, 'isolated 9, restart 20, open 9, isolated 300', 'driver-failed began'],
  ['left alone, restarted, it runs', HOUR, 'isolated 9, restart 20, open 70', FAILED],
  // What nobody remembers, and what nobody can prove any more.
  ['down, another box under this name', HOUR, 'closed 40, replaced 2, open 30, byte 40', `wire-down began, ${ALL_OVER}`],
  [
    'silent, another box, silent, a byte',
    70,
    'open 68, replaced 2, open 200, byte 4',
    `wire-down ended, driver-recovered ended, ${SILENT}`,
  ],
  ['a first start, then restarts', HOUR, `replaced 2, ${times(5, 'open 9, byte 90, restart 9')}`, ALL_OVER],
  ['a first start of a wire that flaps', HOUR, `replaced 2, ${times(20, 'closed 30, open 6')}`, 'wire-down began'],
  ['down, then taken out of the configuration', HOUR, 'closed 40, renamed 9', DOWN],
];

describe('the life of a wire', () => {
  beforeEach(lineWasInOrder);

  it.each(LIVES)('%s (silent for %d s at most): %s', async (_story, silenceS, life, expected) => {
    expect(await told(life, silenceS * 1_000)).toBe(expected);
  });

  it('whose devices are others, and may be silent for ever, ends what was said of its silence', async () => {
    await told('open 70', 60_000);
    expect(await told('open 4', Number.POSITIVE_INFINITY)).toBe('wire-silent ended');
  });

  it('is told with its name and the reason', async () => {
    const clock = new ManualClock();
    let line: WatchedLine = { ...LINE, state: 'closed', lastFailure: 'wire-open: bus: /dev/ttyUSB0: no such file' };
    const { pass, said } = await rig(new WiresWatcher(clock, () => [line]), clock);
    await pass(40_000);
    line = { ...LINE, state: 'isolated', isolatedWhy: 'a mistake' };
    await pass(10_000);
    line = LINE;
    await pass(63_000);
    const began = said.filter(({ edge }) => edge === 'began').map(({ source, text }) => `${source} ${text}`);
    expect(began).toEqual([
      'bus bus: 线路未打开或不能保持打开 the wire is not open, or not for long: /dev/ttyUSB0: no such file',
      'bus bus: 驱动连续失败,暂停后重试 the driver failed again and again and is tried again after a while: a mistake',
      expect.stringContaining('bus bus: 线路已打开但无任何数据 open, and not one byte in the last 60 s'),
    ]);
  });

  it('that two looks far apart find closed is not down for all that time where it was open between them', async () => {
    const clock = new ManualClock();
    let opened = 1;
    const shut = () => ({ ...LINE, state: 'closed' as const, lastFailure: 'wire-lost: bus: gone', opened });
    const watcher = new WiresWatcher(clock, () => [shut()]);
    watcher.look();
    await clock.advance(40_000);
    opened += 1;
    expect(watcher.look()).toEqual([]);
    await clock.advance(40_000);
    expect(watcher.look()).toMatchObject([{ what: 'wire-down' }]);
  });
});
