import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const HOUR_S = 3_600;
const LONG = [HOUR_S, -HOUR_S, 24 * HOUR_S, -24 * HOUR_S, -10, -20, -30, -40, -50, 0];
const SHORT = [24 * HOUR_S, -HOUR_S, 0];

/** E27: the wall clock of the gateway starts in 1970, jumps and is put back again and again. Nothing is lost or out of order, TLS connects, every step is told. */
export const experiment: Experiment = {
  words: { en: 'clock: 1970 at boot, steps of hours and days, back again and again', zh: '时钟跳变' },
  async run(seed, isLong) {
    const findings = new Findings();
    await using rig = await Rig.start({ seed, panels: 1 });
    const file = rig.path('clock');
    /** Whole or not at all: the library reads it whenever somebody asks the time. */
    const shift = (seconds: number) => {
      writeFileSync(`${file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}\n`);
      renameSync(`${file}.new`, file);
    };
    shift(60 - Math.floor(Date.now() / 1_000)); // a minute after midnight of 1970-01-01 UTC
    rig.environment = {
      ...{ LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    };
    await rig.startGateway();
    const fires = isLong ? 5 : 1;
    let said = 0;
    const arrives = async (when: string) => {
      rig.fire(0, fires);
      said += fires;
      const startMs = performance.now();
      const complaints = await rig.settled(said);
      findings.measured[`${when}: to the ledger and the city, ms`] = Math.round(performance.now() - startMs);
      findings.complaints.push(...complaints.map((one) => `${when}: ${one}`));
    };
    await arrives('in 1970');
    await rig.until('the dead clock is in the ledger', () => rig.said('clock-unsynchronised').length > 0);
    const steps = isLong ? LONG : SHORT;
    for (const seconds of steps) {
      const told = rig.said('clock-stepped').length;
      shift(seconds);
      await arrives(`at ${seconds} s`);
      await rig.until(`the step to ${seconds} s is told`, () => rig.said('clock-stepped').length > told);
      if (isLong) await sleep(10_000);
    }
    findings.measured['steps told'] = rig.said('clock-stepped').length;
    findings.expect(rig.said('crashed').length === 0, 'a step of the clock was taken for a crash');
    const restarted = rig.end('SIGKILL');
    await restarted;
    await rig.startGateway();
    await arrives('after a kill');
    return findings.outcome();
  },
};
