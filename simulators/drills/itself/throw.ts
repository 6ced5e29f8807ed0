import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

/** Where an error of the program is thrown, and whether it ends the process; the first few make the short form. */
const POINTS = [
  {
    name: 'driver',
    file: '/gateway/src/drivers/talking.ts',
    before: 'for (const packet of heard)',
    when: "panel.name === 'panel-0'",
    ends: false,
  },
  { name: 'watching', file: '/gateway/src/troubles/troubles.ts', before: 'const found = await watcher.look();', ends: true },
  { name: 'journal worker', file: '/gateway/src/journal/scribe.ts', before: 'const group = groupOff(pending);', ends: false },
  { name: 'normalizer', file: '/protocol/src/normalizer/normalizer.ts', before: 'const known = devices.get(name)', ends: false },
  { name: 'commit', file: '/gateway/src/commit.ts', before: 'const offers: Offer[] = [];', ends: false },
  { name: 'clock watch', file: '/gateway/src/itself.ts', before: 'const steppedMs =', ends: true },
  { name: 'uplink session', file: '/gateway/src/uplink/session.ts', before: 'if (await this.#sendFrom(alarm)) return true;', ends: true },
  { name: 'status page', file: '/gateway/src/status.ts', before: 'const nowMs = Math.round(clock.wallMs());', ends: false },
  { name: 'transaction', file: '/gateway/src/journal/lane-file.ts', before: 'const result = this.database.transaction(', ends: false },
] as const;
const SHORT = 2;
const STOP_WITHIN_MS = 5_000;

/** E15: an error of the program at one point after the other, a driver that crashes again and again, SIGTERM under load, twice. */
export const experiment: Experiment = {
  words: {
    en: 'throw: errors of the program, a driver in a crash loop, SIGTERM twice under load',
    zh: '程序异常、驱动反复崩溃、负载下停机',
  },
  async run(seed, isLong) {
    const findings = new Findings();
    await using rig = await Rig.start({ seed, panels: 2 });
    const points = POINTS.slice(0, isLong ? POINTS.length : SHORT);
    const armed = (name: string) => rig.path(`armed-${name.replaceAll(' ', '-')}`);
    rig.environment = {
      NODE_OPTIONS: `--import=${new URL('./inject.ts', import.meta.url).href}`,
      FENGSUI_FAULTS: JSON.stringify(points.map(({ name, ends: _, ...point }) => ({ ...point, does: 'throw', armed: armed(name) }))),
    };
    await rig.startGateway();
    for (const { name, ends } of points) await thrown(rig, name, armed(name), ends, findings);
    await crashLoop(rig, armed('driver'), findings);
    await stopsUnderLoad(rig, findings);
    const { gaps, duplicated, outOfOrder, falsified } = rig.verdict();
    findings.complaints.push(...gaps, ...duplicated, ...outOfOrder, ...falsified);
    return findings.outcome();
  },
};

/** One error: the process lives on, or ends with 1 and says so; either way the next fires arrive. */
async function thrown(rig: Rig, name: string, armed: string, ends: boolean, findings: Findings): Promise<void> {
  const failed = rig.said('program-failed').length;
  writeFileSync(armed, '1');
  const nudge = setInterval(() => {
    rig.panels[0]!.tell({ say: { what: 'fault', address: { controller: 1, loop: 9, point: 1 } } });
    void rig.status().catch(() => {});
  }, 300);
  const ended = rig.gone();
  if (ends) {
    const code = await Promise.race([ended, sleep(30_000).then(() => 'lives' as const)]);
    findings.expect(code === 1, `an error in ${name}: ended with ${code}, not 1`);
    clearInterval(nudge);
    rmSync(armed, { force: true });
    const startMs = performance.now();
    if (code !== 'lives') await rig.startGateway();
    findings.measured[`${name}: start to panels read again, ms`] = Math.round(performance.now() - startMs);
    await rig.until(`${name}: the error is in the ledger`, () => rig.said('program-failed').length > failed);
  } else {
    await rig.until(`${name}: the error happened`, () => !existsSync(armed));
    clearInterval(nudge);
    findings.expect(rig.gateway.process.exitCode === null, `an error in ${name} ended the gateway`);
  }
  await nextArrives(rig, name);
}

async function nextArrives(rig: Rig, name: string): Promise<void> {
  await rig.until(`${name}: every line open again`, async () => (await rig.status()).lines.every(({ state }) => state === 'open'));
  const fires = () => rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.edge === 'began').length;
  const before = fires();
  rig.fire(0);
  rig.fire(1);
  await rig.until(`${name}: the next fires arrive`, () => fires() >= before + 2);
}

/** Three crashes in a minute: that line is left alone and told, the other reads on. */
async function crashLoop(rig: Rig, armed: string, findings: Findings): Promise<void> {
  await rig.end('SIGTERM'); // crashes before now are not to count
  await rig.startGateway();
  writeFileSync(armed, '3');
  const nudge = setInterval(() => rig.panels[0]!.tell({ say: { what: 'fault', address: { controller: 1, loop: 9, point: 1 } } }), 300);
  await rig.until('the line is isolated', async () => (await rig.status()).lines.some(({ state }) => state === 'isolated'));
  clearInterval(nudge);
  await rig.until('the isolation is in the ledger', () =>
    rig.said('driver-failed').some(({ edge, source }) => edge === 'began' && source === 'line-0'),
  );
  const before = rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.source === 'panel-1').length;
  rig.fire(1);
  await rig.until(
    'the other line reads on',
    () => rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.source === 'panel-1').length > before,
  );
  findings.expect(rig.gateway.process.exitCode === null, 'a driver that crashes took the gateway with it');
}

async function stopsUnderLoad(rig: Rig, findings: Findings): Promise<void> {
  const crashes = rig.said('crashed').length;
  rig.fire(1, 60);
  await sleep(300);
  const stopping = rig.end('SIGTERM');
  setTimeout(() => rig.signal('SIGTERM'), 100);
  const { ms, code } = await stopping;
  findings.measured['SIGTERM under load to exit, ms'] = ms;
  findings.expect(code === 0, `stopped with ${code}`);
  findings.expect(ms <= STOP_WITHIN_MS, `stopping took ${ms} ms`);
  await rig.startGateway();
  await nextArrives(rig, 'after a stop').catch((error: Error) => findings.complaints.push(error.message));
  findings.expect(rig.said('crashed').length === crashes, 'an orderly stop was taken for a crash');
}
