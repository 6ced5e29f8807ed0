import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import * as limits from '../limits.ts';
import { DiskWatcher } from './disk.ts';
import { LoopWatcher } from './machine.ts';
import { NoiseWatcher } from './noise.ts';
import { PowerWatcher } from './power.ts';
import { QueueWatcher } from './queue.ts';
import { timeWatcher } from './time.ts';
import { folder, LINE, lineWasInOrder, rig, switched } from './troubles.fixture.ts';
import { uplinksWatcher } from './uplinks.ts';
import { type WatchedLine, WiresWatcher } from './wires.ts';

const MINUTE_MS = 60_000;
/** A line that may be silent for longer than a test. */
const TALKING = { silenceMs: 3_600_000 };

/** A start: its own clock, and lines that are as the supervisor makes them before it has opened any. */
async function start(...first: ReadonlyArray<Partial<WatchedLine>>) {
  const clock = new ManualClock();
  let lines: readonly WatchedLine[] = first.map((line) => ({ ...LINE, state: 'closed', opened: 0, ...line }));
  const life = await rig([new WiresWatcher(clock, () => lines), new NoiseWatcher(clock, () => lines)], clock);
  const now = (more: Partial<WatchedLine>) => {
    lines = lines.map((line) => ({ ...line, ...more }));
  };
  return { ...life, now, open: (more: Partial<WatchedLine> = {}) => now({ state: 'open', opened: 1, lastFailure: null, ...more }) };
}

describe('a trouble of a line that an earlier run said', () => {
  beforeEach(lineWasInOrder);

  it('stands on without a word where the wire is silent still, and is over with its first byte', async () => {
    const before = await start({});
    before.open();
    await before.pass(2 * MINUTE_MS);
    const after = await start({});
    await after.pass(10_000);
    after.open();
    await after.pass(3 * MINUTE_MS);
    expect([...before.words(), ...after.words()]).toEqual(['wire-silent began']);
    const last = await start({});
    last.open({ bytesIn: 1 });
    await last.pass(4_000);
    expect(last.words()).toEqual(['wire-silent ended']);
  });

  it('stands on while a driver that was given up fails anew, and is over when one has run for a minute', async () => {
    const before = await start(TALKING);
    before.now({ state: 'isolated', isolatedWhy: 'a mistake', opened: 3 });
    await before.pass(10_000);
    const after = await start(TALKING);
    for (let opened = 1; opened <= 3; opened++) {
      after.open({ opened });
      await after.pass(10_000);
    }
    after.now({ state: 'isolated', isolatedWhy: 'a mistake' });
    await after.pass(MINUTE_MS);
    after.open({ opened: 4, isolatedWhy: null });
    await after.pass(limits.CRASH_WINDOW_MS - 4_000);
    expect([...before.words(), ...after.words()]).toEqual(['driver-failed began']);
    await after.pass(8_000);
    expect(after.words()).toEqual(['driver-recovered ended']);
  });

  it('stands on until a wire that was not there is open, however long its first try takes', async () => {
    const before = await start({ ...TALKING, lastFailure: 'wire-open: no such file' });
    await before.pass(40_000);
    const after = await start(TALKING);
    await after.pass(20_000);
    after.now({ lastFailure: 'wire-open: no such file' });
    await after.pass(40_000);
    expect([...before.words(), ...after.words()]).toEqual(['wire-down began']);
    after.open();
    await after.pass(MINUTE_MS + 4_000);
    expect(after.words()).toEqual(['wire-down ended']);
  });

  it('stands on until its socket was opened, and until a minute of it was listened to', async () => {
    const noisy = { bytesIn: 99, unheard: new Map([['checksum', 99]]) };
    const before = await start(TALKING);
    before.open({ doubt: 'receive buffer 1 of 2 bytes' });
    await before.pass(30_000);
    before.now(noisy);
    await before.pass(40_000);
    expect(before.words()).toEqual(['receive-buffer-small began', 'noise began']);
    const after = await start(TALKING);
    await after.pass(3 * MINUTE_MS);
    after.open({ doubt: 'receive buffer 1 of 2 bytes' });
    await after.pass(30_000);
    after.now(noisy);
    await after.pass(50_000);
    expect(after.words()).toEqual([]);
    const last = await start(TALKING);
    last.open({ bytesIn: 1 });
    await last.pass(4_000);
    expect(last.words()).toEqual(['receive-buffer-small ended']);
    await last.pass(4 * MINUTE_MS);
    expect(last.words().slice(1)).toEqual(['noise ended']);
  });

  it('is over where the line is no longer configured', async () => {
    const before = await start({ name: 'old' });
    before.open();
    await before.pass(2 * MINUTE_MS);
    before.now({ state: 'isolated', isolatedWhy: 'a mistake', doubt: 'small' });
    await before.pass(10_000);
    before.now({ state: 'closed', isolatedWhy: null, lastFailure: 'wire-open: no such file' });
    await before.pass(40_000);
    const stood = before.troubles.standing().map(({ what }) => what);
    expect(stood).toEqual(['wire-silent', 'driver-failed', 'receive-buffer-small', 'wire-down']);
    const after = await start({ name: 'new' });
    await after.pass(10_000);
    expect(after.said.map(({ source, edge }) => `${source} ${edge}`)).toEqual(Array(4).fill('old ended'));
    expect(after.troubles.standing()).toEqual([]);
  });
});

describe('a trouble of an uplink that an earlier run said', () => {
  function life(names: readonly string[]) {
    const clock = new ManualClock();
    const uplinks = names.map((name) => ({ name, numbers: { state: 'down', identityFailure: null as string | null } }));
    return { clock, uplinks, watcher: uplinksWatcher(uplinks, clock, 'identity-shared', 'identityFailure', '') };
  }

  it('stands on until the uplink was up for as long as it takes to be seen, and is over where there is no such uplink', async () => {
    const first = life(['collector', 'gone']);
    const before = await rig(first.watcher, first.clock);
    for (const { numbers } of first.uplinks) numbers.identityFailure = 'a rival';
    await before.pass(4_000);
    expect(before.words()).toHaveLength(2);
    const second = life(['collector']);
    const after = await rig(second.watcher, second.clock);
    await after.pass(10 * MINUTE_MS);
    expect(after.said).toMatchObject([{ source: 'gone', edge: 'ended' }]);
    const { numbers } = second.uplinks[0]!;
    numbers.state = 'up';
    await after.pass(limits.UPLINK_JUDGED_MS - 10_000);
    numbers.identityFailure = 'a rival';
    await after.pass(10 * MINUTE_MS);
    expect(after.said).toHaveLength(1);
    numbers.identityFailure = null;
    await after.pass(4_000);
    expect(after.said.slice(1)).toMatchObject([{ source: 'collector', edge: 'ended' }]);
  });

  it('is over where it was up for long and showed nothing', async () => {
    const first = life(['collector']);
    const before = await rig(first.watcher, first.clock);
    first.uplinks[0]!.numbers.identityFailure = 'a rival';
    await before.pass(4_000);
    const second = life(['collector']);
    const after = await rig(second.watcher, second.clock);
    second.uplinks[0]!.numbers.state = 'up';
    await after.pass(limits.UPLINK_JUDGED_MS + 4_000);
    expect(after.words()).toEqual(['identity-shared ended']);
  });
});

describe('a trouble of the box that an earlier run said', () => {
  it('stands on until the clock was set, and until a minute of the loop was measured', async () => {
    const life = async (isSet: () => boolean, p99Ms: number) => {
      const clock = new ManualClock();
      const time = timeWatcher({ gateway: 'gw-1', clock, clockSynchronised: isSet, earliestMs: 0 });
      return rig([time, new LoopWatcher('gw-1', clock, { p99MsSinceLast: () => p99Ms })], clock);
    };
    const before = await life(() => false, 900);
    await before.pass(limits.CLOCK_UNSYNCHRONISED_MS + 4_000);
    expect(before.words().sort()).toEqual(['clock-unsynchronised began', 'loop-slow began']);
    let isSet = false;
    const after = await life(() => isSet, 900);
    await after.pass(30 * MINUTE_MS);
    expect(after.words()).toEqual([]);
    isSet = true;
    await after.pass(MINUTE_MS);
    expect(after.words()).toEqual(['clock-unsynchronised ended']);
  });

  it('stands on until its source of power could be read', async () => {
    const mains = join(folder, 'online');
    const life = () => {
      const clock = new ManualClock();
      return rig(new PowerWatcher('gw-1', { mains: { read: mains, on: '1' } }, clock), clock);
    };
    writeFileSync(mains, '0');
    await (await life()).pass(10_000);
    rmSync(mains);
    const after = await life();
    await after.pass(30_000);
    expect(after.words()).toEqual(['power-unreadable began']);
    writeFileSync(mains, '1');
    await after.pass(30_000);
    expect(after.words().slice(1).sort()).toEqual(['main-power ended', 'power-unreadable ended']);
  });

  it('stands on where a clock that fell back hides how long an alarm has waited', async () => {
    const writtenMs = new ManualClock().wallMs();
    const life = (wallMs: number) => {
      const clock = new ManualClock(wallMs);
      const owed = { waiting: 1, oldestMs: writtenMs };
      const alarm = { ...owed, uplinks: { collector: owed } };
      const ordinary = { waiting: 0, oldestMs: null, uplinks: {} };
      return rig(new QueueWatcher('gw-1', clock, async () => ({ alarm, ordinary })), clock);
    };
    await (await life(writtenMs + 2 * MINUTE_MS)).pass(4_000);
    const after = await life(0);
    await after.pass(10 * MINUTE_MS);
    expect(after.words()).toEqual([]);
  });

  it('is told once where only a queue hovers about a mark, over restarts too', async () => {
    const clock = new ManualClock();
    let [alarms, readings] = [0, 0];
    const owed = (waiting: number) => {
      const all = { waiting, oldestMs: waiting > 0 ? clock.wallMs() : null };
      return { ...all, uplinks: { collector: all } };
    };
    const lanes = async () => ({ alarm: owed(alarms), ordinary: owed(readings) });
    const life = () => rig(new QueueWatcher('gw-1', clock, lanes), clock);
    const words: string[] = [];
    const lived = async (run: Awaited<ReturnType<typeof life>>, ...steps: ReadonlyArray<readonly [number, number]>) => {
      for (const step of steps) {
        [alarms, readings] = step;
        await run.pass(30_000);
      }
      words.push(...run.words());
    };
    await lived(await life(), [2_010, 0], [1_900, 0], [2_010, 0], [1_900, 0], [2_010, 0], [200, 0], [2_010, 0]);
    for (const hovering of [1_900, 2_010, 1_600]) await lived(await life(), [hovering, 0]);
    expect(words).toEqual(['queue-high began', 'queue-high still']);
    await lived(await life(), [160, 0], [170, 9_000]);
    for (const hovering of [9_900, 7_600]) await lived(await life(), [140, hovering]);
    expect(words).toHaveLength(2);
    await lived(await life(), [140, 7_400]);
    expect(words.slice(2)).toEqual(['queue-normal ended']);
  });
});

describe('a disk that filled', () => {
  const life = async () => {
    let usedShare = 0.5;
    const found = await rig(new DiskWatcher('gw-1', async () => ({ usedShare, isFull: false, freeBytes: 0 })));
    const uses = async (...shares: number[]) => {
      for (const share of shares) {
        usedShare = share;
        await found.pass(20_000);
      }
    };
    return { ...found, uses };
  };

  it('and falls is told again when it fills again, not when it hovers about a mark', async () => {
    const { uses, words, troubles } = await life();
    await uses(0.91, 0.96, 0.94, 0.96, 0.93);
    expect(words()).toEqual(['disk-full began', 'disk-full still']);
    await uses(0.91, 0.94);
    expect(troubles.standing()).toMatchObject([{ level: 2, text: expect.stringContaining('91 %') }]);
    await uses(0.96);
    expect(words()).toEqual(['disk-full began', 'disk-full still', 'disk-full still']);
    await uses(0.85, 0.91);
    expect(words()).toHaveLength(4);
  });

  it('and falls for a moment only is not told again', async () => {
    const { watcher, stand } = switched('disk-full');
    const { pass, words } = await rig(watcher);
    for (const level of [3, 1, 3, 2, 3]) {
      stand({ level });
      await pass(8_000);
    }
    expect(words()).toEqual(['disk-full began']);
  });

  it('is known over a restart: it stands while it hovers, and is told again after it fell', async () => {
    const before = await life();
    await before.uses(0.96, 0.85);
    const hovering = await life();
    await hovering.uses(0.88, 0.79, 0.82, 0.85);
    expect(hovering.words()).toEqual([]);
    const after = await life();
    await after.uses(0.96);
    expect(after.words()).toEqual(['disk-full still']);
  });
});
