import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { HEAD, Rig } from './rig.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const HOUR_S = 3_600;
const LONG = [HOUR_S, -HOUR_S, 24 * HOUR_S, -24 * HOUR_S, -10, -20, -30, -40, -50, 0];
const SHORT = [24 * HOUR_S, -HOUR_S, 0];
const MUTANTS = new URL('../journal/mutant.ts', import.meta.url).href;

/** A clock of its own for a process, in a file: the library reads it whenever somebody asks the time. */
class ShiftedClock {
  readonly environment: Record<string, string>;
  readonly #file: string;

  constructor(file: string, seconds: number) {
    this.#file = file;
    this.environment = {
      ...{ LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    };
    this.shift(seconds);
  }

  /** Whole or not at all. */
  shift(seconds: number): void {
    writeFileSync(`${this.#file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/**
 * E27: the wall clock of the gateway starts in 1970, jumps, is put back again and again, also while rows wait, and is healed in the end;
 * the collector's is an hour off all the time. Nothing is lost or out of order, TLS connects, every step is told.
 */
export const experiment: Experiment = {
  words: { en: 'clock: 1970 at boot, steps of hours and days, back again and again, healed; the collector an hour off', zh: '时钟跳变' },
  async run(seed, isLong) {
    const findings = new Findings();
    for (const collectorS of isLong ? [-HOUR_S, HOUR_S] : [-HOUR_S]) await jumps(seed, isLong, collectorS, findings);
    if (!isLong) return findings.outcome();
    const blind = new Findings();
    await jumps(seed, false, 0, blind, 'wall-clock-order').catch((error: Error) => blind.expect(false, error.message));
    findings.measured['complaints where rows are sent by wall clock (M6)'] = blind.complaints.length;
    findings.expect(
      blind.complaints.some((complaint) => complaint.includes('outOfOrder')),
      `the drill does not see that rows are sent by wall clock: ${blind.complaints.join('; ')}`,
    );
    return findings.outcome();
  },
};

async function jumps(seed: number, isLong: boolean, collectorS: number, findings: Findings, mutant?: string): Promise<void> {
  await using rig = await Rig.start({
    ...{ seed, panels: 1 },
    collectorEnvironment: (started) => new ShiftedClock(started.path('collector-clock'), collectorS).environment,
  });
  const healed = rig.path('synchronised');
  rig.writeGateway({ gateway: { ...HEAD, clockSynchronisedFile: healed } });
  const clock = new ShiftedClock(rig.path('clock'), 60 - Math.floor(Date.now() / 1_000)); // a minute after midnight of 1970-01-01 UTC
  rig.environment = { ...clock.environment, ...(mutant === undefined ? {} : { NODE_OPTIONS: `--import=${MUTANTS}`, FF_MUTANT: mutant }) };
  await rig.startGateway();
  const fires = isLong ? 5 : 1;
  let said = 0;
  const say = () => {
    rig.fire(0, fires);
    said += fires;
  };
  const arrives = async (when: string) => {
    say();
    const startMs = performance.now();
    const complaints = await rig.settled(said);
    findings.measured[`${when}: to the ledger and the city, ms`] = Math.round(performance.now() - startMs);
    findings.complaints.push(...complaints.map((one) => `${when}: ${one}`));
  };
  await arrives('in 1970');
  if (mutant === undefined) {
    await rig.until('the dead clock is in the ledger', () => rig.said('clock-unsynchronised').some(({ edge }) => edge === 'began'));
    for (const seconds of isLong ? LONG : SHORT) {
      const told = rig.said('clock-stepped').length;
      clock.shift(seconds);
      await arrives(`at ${seconds} s`);
      await rig.until(`the step to ${seconds} s is told`, () => rig.said('clock-stepped').length > told);
      if (isLong) await sleep(10_000);
    }
  }
  await waitsOverAStep(rig, clock, say);
  await arrives('after rows waited over a step back');
  if (mutant !== undefined) return;
  findings.measured['steps told'] = rig.said('clock-stepped').length;
  findings.expect(rig.said('crashed').length === 0, 'a step of the clock was taken for a crash');
  clock.shift(0);
  writeFileSync(healed, '');
  await rig.until('the healed clock is in the ledger', () => rig.said('clock-unsynchronised').some(({ edge }) => edge === 'ended'));
  findings.expect((await rig.status()).gateway.clockSynchronised, 'a healed clock still counts as not synchronised');
  await rig.end('SIGKILL');
  await rig.startGateway();
  await arrives('after a kill');
}

/**
 * The collector stands still, so that a gateway that starts finds no link, and the clock is put back an hour between two fires that wait
 * for it: the later one has the earlier time.
 */
async function waitsOverAStep(rig: Rig, clock: ShiftedClock, say: () => void): Promise<void> {
  const waiting = async () => (await rig.status()).journal.lanes.alarm.waiting;
  rig.signal('SIGSTOP', rig.collector);
  try {
    await rig.end('SIGTERM');
    await rig.startGateway();
    for (const seconds of [0, -HOUR_S]) {
      clock.shift(seconds);
      const before = await waiting();
      say();
      await rig.until('the fire waits', async () => (await waiting()) > before);
    }
  } finally {
    rig.signal('SIGCONT', rig.collector);
  }
}
