import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import { descriptorsWatcher } from './descriptors.ts';
import { DiskWatcher } from './disk.ts';
import { memoryWatcher } from './machine.ts';
import { NoiseWatcher } from './noise.ts';
import { PowerWatcher } from './power.ts';
import { QueueWatcher } from './queue.ts';
import { type KeptLane, retentionWatcher } from './retention.ts';
import { timeWatcher } from './time.ts';
import { folder, LINE, lineWasInOrder, rig, switched } from './troubles.fixture.ts';
import { type WatchedLine, WiresWatcher } from './wires.ts';

describe('a trouble', () => {
  it('is told when it begins, when it gets worse and when it is over, and not between', async () => {
    const { watcher, stand, go } = switched('certificate-ending');
    const { pass, words } = await rig(watcher);
    await pass(10_000);
    stand({ level: 1 });
    await pass(10_000);
    stand({ level: 2 });
    await pass(10_000);
    stand({ level: 1 });
    await pass(10_000);
    go();
    await pass(10_000);
    expect(words()).toEqual(['certificate-ending began', 'certificate-ending still', 'certificate-ending ended']);
  });

  it('that comes and goes faster than it matters is not told, and one that flickers is one', async () => {
    const { watcher, stand, go } = switched('memory-high');
    const { pass, words } = await rig(watcher);
    stand();
    await pass(30_000);
    go();
    await pass(70_000);
    expect(words()).toEqual([]);
    stand();
    await pass(70_000);
    go();
    await pass(20_000);
    stand();
    await pass(70_000);
    go();
    await pass(70_000);
    expect(words()).toEqual(['memory-high began', 'memory-high ended']);
  });

  it('that the journal cannot take is told when it can', async () => {
    const { watcher, stand } = switched('key-exposed');
    const { pass, words, refuse } = await rig(watcher);
    refuse(true);
    stand();
    await pass(10_000);
    refuse(false);
    await pass(4_000);
    expect(words()).toEqual(['key-exposed began']);
  });

  it('that was over while nobody ran is ended by the next start; one that still stands is not told again', async () => {
    const first = switched('wire-down');
    const before = await rig(first.watcher);
    first.stand({ source: 'line-1' });
    await before.pass(40_000);
    const again = await rig(first.watcher);
    await again.pass(40_000);
    expect(again.words()).toEqual([]);
    const after = await rig(switched('wire-down').watcher);
    await after.pass(10_000);
    expect([...before.words(), ...after.words()]).toEqual(['wire-down began', 'wire-down ended']);
    writeFileSync(join(folder, 'troubles.json'), '{torn');
    expect((await rig(first.watcher)).troubles.standing()).toEqual([]);
  });
});

describe('the power of the box', () => {
  it('is said with the charge of the battery where a source is configured, and is over when the mains is back', async () => {
    const [mains, battery] = [join(folder, 'online'), join(folder, 'capacity')];
    writeFileSync(mains, '1\n');
    writeFileSync(battery, '96\n');
    const clock = new ManualClock();
    const watcher = new PowerWatcher(
      'gw-1',
      { mains: { read: mains, on: '1' }, battery: { read: ['/bin/cat', battery], lowPercent: 30 } },
      clock,
    );
    const { pass, said, words } = await rig(watcher, clock);
    await pass(10_000);
    expect(watcher.state()).toEqual({ mains: true, batteryPercent: 96 });
    writeFileSync(mains, '0\n');
    await pass(10_000);
    writeFileSync(battery, '29 %\n');
    await pass(30_000);
    writeFileSync(battery, '31\n'); // not yet: it may go back and forth
    await pass(30_000);
    writeFileSync(mains, '1\n');
    writeFileSync(battery, '60\n');
    await pass(30_000);
    expect(words()).toEqual(['main-power began', 'backup-power began', 'main-power ended', 'backup-power ended']);
    expect(said[0]).toMatchObject({ source: 'gw-1', battery: { percent: 96, externalPower: false, low: false } });
    expect(said[1]).toMatchObject({ battery: { percent: 29, externalPower: false, low: true } });
  });

  it('that cannot be read is a trouble of its own and ends no other', async () => {
    const mains = join(folder, 'online');
    writeFileSync(mains, '0');
    const clock = new ManualClock();
    const { pass, words, said } = await rig(new PowerWatcher('gw-1', { mains: { read: mains, on: '1' } }, clock), clock);
    await pass(10_000);
    rmSync(mains);
    await pass(30_000);
    expect(words()).toEqual(['main-power began', 'power-unreadable began']);
    expect(said[1]?.text).toContain('power.mains');
  });

  it('is not said where no source is configured', async () => {
    const { pass, words } = await rig(new PowerWatcher('gw-1', {}, new ManualClock()));
    await pass(60_000);
    expect(words()).toEqual([]);
  });
});

describe('a wire', () => {
  function wired() {
    lineWasInOrder();
    let line = LINE;
    const clock = new ManualClock();
    return {
      clock,
      watcher: [new WiresWatcher(clock, () => [line]), new NoiseWatcher(clock, () => [line])],
      now: (more: Partial<WatchedLine>) => void (line = { ...line, ...more }),
    };
  }

  it('whose socket got less room than a burst takes is told with the remedy, until a run of it has enough', async () => {
    const { clock, watcher, now } = wired();
    const { pass, said, words } = await rig(watcher, clock);
    now({ doubt: 'receive buffer 212992 of 4194304 bytes: sysctl -w net.core.rmem_max=4194304' });
    await pass(10_000);
    now({ state: 'closed' });
    await pass(10_000);
    expect(said).toMatchObject([
      {
        source: 'bus',
        what: 'receive-buffer-small',
        edge: 'began',
        text: expect.stringContaining('bus: 接收缓冲区过小 receive buffer 212992'),
      },
    ]);
    now({ state: 'open', doubt: null });
    await pass(10_000);
    expect(words()).toEqual(['receive-buffer-small began', 'receive-buffer-small ended']);
  });

  it('with too much noise for a while is told with its name and what to check, and quiet ends it', async () => {
    const { clock, watcher, now } = wired();
    const { pass, said, words } = await rig(watcher, clock);
    let [packets, noise] = [0, 0];
    const minutes = async (count: number, good: number, bad: number) => {
      for (let minute = 0; minute < count; minute++) {
        packets += good;
        noise += bad;
        now({
          packets,
          bytesIn: packets + noise,
          unheard: new Map([
            ['checksum', noise],
            ['repeat', 900],
          ]),
        });
        await pass(60_000);
      }
    };
    await minutes(3, 100, 5);
    expect(words()).toEqual([]);
    await minutes(3, 100, 60);
    expect(words()).toEqual(['noise began']);
    expect(said[0]?.source).toBe('bus');
    expect(said[0]?.text).toMatch(/^bus: 线路噪声 38 % .*\(checksum 60\): check cable, shield/);
    await minutes(4, 100, 0);
    expect(words()).toEqual(['noise began', 'noise ended']);
  });
});

describe('the volume of the journal', () => {
  const space = (usedShare: number, isFull = false) => ({ usedShare, isFull, freeBytes: 5 * 1024 * 1024 });

  it('is told at each mark once, and when it is over, not at every wobble', async () => {
    let now = space(0.5);
    const { pass, words, said } = await rig(new DiskWatcher('gw-1', async () => now));
    for (const share of [0.81, 0.79, 0.8, 0.91, 0.96, 0.94, 0.96, 0.78]) {
      now = space(share);
      await pass(20_000);
    }
    expect(words()).toEqual(['disk-full began', 'disk-full still', 'disk-full still']);
    expect(said[0]?.text).toContain('81 % of the volume used, 5 MiB free');
    now = space(0.76);
    await pass(20_000);
    expect(words().at(-1)).toBe('disk-normal ended');
  });

  it('is told to be full, stands in what is remembered, and is over at a start that finds room', async () => {
    let now = space(0.99, true);
    const before = await rig(new DiskWatcher('gw-1', async () => now));
    await before.pass(4_000);
    expect(before.said.map(({ text }) => text)).toEqual([expect.stringMatching(/^full: the reserve is given to alarms/)]);
    expect(before.troubles.standing()).toMatchObject([{ what: 'disk-full', source: 'gw-1' }]);
    now = space(0.4);
    const after = await rig(new DiskWatcher('gw-1', async () => now));
    await after.pass(20_000);
    expect(after.words()).toEqual(['disk-normal ended']);
  });

  it('that had no room for what is remembered has it a while later', async () => {
    const { watcher, stand } = switched('disk-full');
    const { pass, words } = await rig(watcher);
    mkdirSync(join(folder, 'troubles.json'));
    stand();
    await pass(4_000);
    rmSync(join(folder, 'troubles.json'), { recursive: true });
    await pass(4_000);
    expect(words()).toEqual(['disk-full began']);
    expect(JSON.parse(readFileSync(join(folder, 'troubles.json'), 'utf8'))).toMatchObject([{ what: 'disk-full' }]);
  });
});

describe('what the journal keeps of what was sent', () => {
  const DAY_MS = 86_400_000;
  const lane = (forgottenMs: number | null): KeptLane => ({ forgottenMs, usedBytes: 1024 ** 3 });

  it('is told to be too little with the size that 30 days take, and to be enough again', async () => {
    const clock = new ManualClock();
    let kept = { alarm: lane(null), ordinary: lane(null) };
    const { pass, words, said } = await rig(
      retentionWatcher('gw-1', clock, async () => kept),
      clock,
    );
    await pass(10_000);
    kept = { alarm: lane(null), ordinary: lane(clock.wallMs() - 31 * DAY_MS) };
    await pass(10_000);
    expect(words()).toEqual([]);
    kept = { alarm: lane(null), ordinary: lane(clock.wallMs() - DAY_MS / 3) };
    await pass(10_000);
    expect(words()).toEqual(['retention-short began']);
    expect(said[0]?.text).toMatch(/ordinary rows .* only the last 8 h .* set journal.ordinaryMiB to 921[56]\d \(/);
    kept = { alarm: lane(null), ordinary: lane(clock.wallMs() - 31 * DAY_MS) };
    await pass(limits.TROUBLE_TIMES['retention-short'].goneMs + 4_000);
    expect(words()).toEqual(['retention-short began', 'retention-short ended']);
  });

  it('is not judged by a row that is newer than the clock', async () => {
    const clock = new ManualClock();
    const kept = { alarm: lane(clock.wallMs() + DAY_MS), ordinary: lane(null) };
    const { pass, words } = await rig(
      retentionWatcher('gw-1', clock, async () => kept),
      clock,
    );
    await pass(10_000);
    expect(words()).toEqual([]);
  });
});

describe('the queue', () => {
  const nothing = { waiting: 0, oldestMs: null as number | null };
  const empty = { ...nothing, uplinks: { collector: nothing } };
  const owed = (waiting: number, oldestMs: number) => ({ waiting, oldestMs, uplinks: { collector: { waiting, oldestMs } } });
  it('is told by age and number, worse as it grows, and a step of the clock makes no row old', async () => {
    const clock = new ManualClock();
    let lanes = { alarm: empty, ordinary: empty };
    const { pass, words, said } = await rig(new QueueWatcher('gw-1', clock, async () => lanes), clock);
    lanes = { alarm: owed(1, clock.wallMs()), ordinary: empty };
    await pass(50_000);
    expect(words()).toEqual([]);
    await pass(20_000);
    expect(words()).toEqual(['queue-high began']);
    expect(said[0]?.text).toBe(
      '尚未确认:1 条告警,最久 1 分钟;请检查上行链路与平台 not confirmed yet: 1 alarm, the oldest for 1 min; check the uplink and the collector',
    );
    await pass(600_000);
    expect(words()).toEqual(['queue-high began', 'queue-high still']);
    lanes = { alarm: empty, ordinary: empty };
    await pass(20_000);
    expect(words().at(-1)).toBe('queue-normal ended');
    lanes = { alarm: owed(1, clock.wallMs() + 86_400_000), ordinary: empty };
    await pass(50_000);
    expect(words()).toHaveLength(3);
  });

  it('names the uplinks that owe a receipt for long, where others gave theirs or have a row on its way just now', async () => {
    const clock = new ManualClock();
    const [oldestMs, freshMs] = [clock.wallMs(), clock.wallMs() + 55_000];
    const alarm = {
      ...{ waiting: 4, oldestMs },
      uplinks: { collector: { waiting: 1, oldestMs: freshMs }, second: { waiting: 4, oldestMs }, city: nothing },
    };
    const { pass, said } = await rig(new QueueWatcher('gw-1', clock, async () => ({ alarm, ordinary: empty })), clock);
    await pass(62_000);
    expect(said.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^second 尚未确认:4 条告警.*not confirmed yet by second: 4 alarms/),
    ]);
  });

  it('names everybody who is owed a row where only all of it together is too much', async () => {
    const half = (oldestMs: number) => ({ waiting: 150, oldestMs });
    const clock = new ManualClock();
    const nowMs = clock.wallMs();
    const alarm = { waiting: 300, oldestMs: nowMs, uplinks: { collector: half(nowMs), second: half(nowMs), city: nothing } };
    const { pass, said } = await rig(new QueueWatcher('gw-1', clock, async () => ({ alarm, ordinary: empty })), clock);
    await pass(5_000);
    expect(said[0]?.text).toMatch(/not confirmed yet by collector, second: 300 alarms/);
  });

  it('says nothing while the journal does not answer', async () => {
    const { pass, words } = await rig(new QueueWatcher('gw-1', new ManualClock(), () => Promise.reject(fail('journal-hung', 'state'))));
    await pass(10_000);
    expect(words()).toEqual([]);
  });
});

describe('the machine and its clock', () => {
  it('are told before memory or descriptors run out, while none is left, and as over only when that was seen', async () => {
    const numbers = {
      heapUsedShare: 0.2,
      memoryFreeShare: 0.5 as number | null,
      descriptors: 30 as number | null,
      descriptorsMax: 64 as number | null,
    };
    const watchers = [memoryWatcher('gw-1', () => numbers), descriptorsWatcher('gw-1', () => numbers)];
    const { pass, words, said } = await rig(watchers);
    await pass(120_000);
    Object.assign(numbers, { heapUsedShare: 0.9, memoryFreeShare: 0.01, descriptors: 60 });
    await pass(70_000);
    expect(words()).toEqual(['descriptors-high began', 'memory-high began']);
    Object.assign(numbers, { heapUsedShare: 0.2, memoryFreeShare: null, descriptors: null });
    await pass(600_000);
    expect(words()).toHaveLength(2);
    Object.assign(numbers, { memoryFreeShare: 0.5, descriptors: 30 });
    await pass(70_000);
    expect(words().slice(2)).toEqual(['memory-high ended', 'descriptors-high ended']);
    expect(said[0]?.text).toContain('60 of 64');
  });

  it('are told when the time was not set for an hour, and at once when it cannot be', async () => {
    const clock = new ManualClock();
    let isSet = false;
    const options = { gateway: 'gw-1', clock, clockSynchronised: () => isSet };
    const { pass, words } = await rig(timeWatcher({ ...options, earliestMs: 0 }), clock);
    await pass(limits.CLOCK_UNSYNCHRONISED_MS - 4_000);
    expect(words()).toEqual([]);
    await pass(8_000);
    isSet = true;
    await pass(14_000);
    expect(words()).toEqual(['clock-unsynchronised began', 'clock-unsynchronised ended']);
    const early = await rig(timeWatcher({ ...options, clock, earliestMs: clock.wallMs() + 86_400_000 }), clock);
    await early.pass(2_000);
    expect(early.words()).toEqual(['clock-unsynchronised began']);
    expect(early.said[0]?.text).toContain('battery may be empty');
    expect(JSON.parse(readFileSync(join(folder, 'troubles.json'), 'utf8'))).toHaveLength(1);
  });
});
