import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '@fengsui/gateway/src/limits.ts';
import type { runUplink } from '@fengsui/gateway/src/uplink/uplink.ts';
import { type Experiment, Findings } from '../itself/experiment.ts';
import { REFUSING_CASES, type RefusingCase } from './refusing-cases.ts';
import { CollectorSite, carry, eventOf, openSiteJournal, waiting } from './site.ts';

/** A gateway must be back so soon after the cure (reliability, E18); the machine may be busy with others. */
const BACK_WITHIN_S = 35;

export interface RefusingOptions {
  /** For how long the gateway is kept out at least, milliseconds. */
  readonly standsMs: number;
  /** Its longest back-off, milliseconds. */
  readonly reconnectMaxMs: number;
  readonly run?: typeof runUplink;
  /** After the cure it is waited for so long, milliseconds. */
  readonly patienceMs: number;
}

/** Resolves with whether it came to pass in time. */
async function comesToPass(what: () => Promise<boolean> | boolean, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    if (await what()) return true;
    await sleep(50);
  }
  return false;
}

/** Keeps a gateway out in one way, cures that, and finds out what it said and how soon it was back. */
export async function keepOut(one: RefusingCase, options: RefusingOptions): Promise<{ findings: Findings; backAfterS: number | null }> {
  const { standsMs, reconnectMaxMs, run, patienceMs } = options;
  const findings = new Findings();
  const expect = (holds: boolean, otherwise: string) => findings.expect(holds, `${one.name}: ${otherwise}`);
  await using site = await new CollectorSite().open();
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-refused-'));
  const keys = await site.enrol();
  const cure = await one.begin(site, keys);
  const journal = await openSiteJournal(folder);
  const settings = { reconnectMinMs: Math.min(limits.RECONNECT_MIN_MS, reconnectMaxMs), reconnectMaxMs };
  const uplink = carry(journal, site.url, keys, { settings, ...(run ? { run } : {}) });
  try {
    const events = [eventOf('fire'), eventOf('fire')];
    await journal.append(events.slice(0, 1));
    const named = () => uplink.numbers.lastFailureCode === one.code && one.words.test(uplink.numbers.lastFailure ?? '');
    expect(await comesToPass(named, 60_000), `it says ${uplink.numbers.lastFailure}, not ${one.code} with ${one.words}`);
    await sleep(standsMs);
    await journal.append(events.slice(1));
    expect(
      uplink.told.some((word) => one.words.test(word)),
      `the trouble says ${uplink.told.join('; ')}`,
    );
    const curedMs = performance.now();
    await cure();
    const isBack = await comesToPass(async () => (await waiting(journal)) === 0, patienceMs);
    const backAfterS = isBack ? (performance.now() - curedMs) / 1000 : null;
    expect(isBack, `not back within ${patienceMs / 1000} s after the cure`);
    const ids = (await site.entries()).map(({ event }) => event.id);
    if (isBack) expect(ids.join() === events.map(({ id }) => id).join(), `the ledger has ${ids.length} of ${events.length} alarms`);
    return { findings, backAfterS };
  } finally {
    await uplink.stop();
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const experiment: Experiment = {
  words: {
    en: 'a gateway is not let in, for every cause there is, and comes back after the cure',
    zh: '网关被拒绝接入的各种原因,排除后恢复',
  },
  async run(_seed, isLong) {
    const long = { standsMs: 60_000, reconnectMaxMs: limits.RECONNECT_MAX_MS, patienceMs: 60_000 };
    const short = { standsMs: 500, reconnectMaxMs: 300, patienceMs: 60_000 };
    const all = new Findings();
    const one = async (refusing: RefusingCase) => {
      const { findings, backAfterS } = await keepOut(refusing, isLong ? long : short);
      all.complaints.push(...findings.complaints);
      if (backAfterS === null) return;
      all.measured[`${refusing.name}: back after, s`] = Math.round(backAfterS * 10) / 10;
      if (isLong) all.expect(backAfterS <= BACK_WITHIN_S, `${refusing.name}: back after ${backAfterS} s, not within ${BACK_WITHIN_S}`);
    };
    await Promise.all(REFUSING_CASES.map(one));
    return all.outcome();
  },
};
