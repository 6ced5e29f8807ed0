import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, Findings } from './experiment.ts';
import { type Doors, nudging, openDoors, writeSecrets } from './nudges.ts';
import { Rig } from './rig.ts';
import { BESIDE, POINTS, type Point } from './throw-points.ts';

/** The short form meets the first few one after the other, and what disturbs no panel all at once. */
const SHORT = 2;
const STOP_WITHIN_MS = 5_000;
/** P9: panels are read again by then after a crash, `RestartSec` of the unit included. */
const BACK_WITHIN_MS = 5_000;
const RESTART_AFTER_MS = 1_000;
/** An error that does not end the program has not by then; one that does is waited for, however busy the machine. */
const LIVES_FOR_MS = 2_000;
const ENDED_WITHIN_MS = 60_000;

/** E15: an error of the program at one point after the other, a driver that crashes again and again, SIGTERM under load, twice. */
export const experiment: Experiment = {
  words: {
    en: `throw: errors of the program at ${POINTS.length} points, a driver in a crash loop, SIGTERM twice under load`,
    zh: '程序异常、驱动反复崩溃、负载下停机',
  },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    await using doors = await openDoors();
    await using rig = await Rig.start({ seed, panels: 2, lines: doors.lines, more: { page: { port: 0 } } });
    await writeSecrets(rig);
    const points = POINTS.slice(0, isLong ? POINTS.length : SHORT);
    const beside = isLong ? [] : BESIDE;
    const armed = (name: string) => rig.path(`armed-${name.replaceAll(' ', '-')}`);
    const faults = [...points, ...beside].map(({ file, before, when, name }) => ({
      file,
      before,
      when,
      does: 'throw',
      armed: armed(name),
    }));
    rig.environment = {
      NODE_OPTIONS: `--import=${new URL('./inject.ts', import.meta.url).href}`,
      FENGSUI_FAULTS: JSON.stringify(faults),
    };
    await rig.startGateway();
    for (const point of points) {
      await withoutCrashes(rig);
      const met = await thrown(rig, doors, point, armed(point.name), findings).catch((error: Error) => error);
      if (met instanceof Error) findings.complaints.push(`${point.name}: ${met.message}`);
    }
    await allAtOnce(rig, doors, beside, armed, findings);
    findings.measured['points'] = faults.length;
    await crashLoop(rig, armed('driver'), findings);
    await stopsUnderLoad(rig, findings);
    const { gaps, duplicated, outOfOrder, falsified } = rig.verdict();
    findings.complaints.push(...gaps, ...duplicated, ...outOfOrder, ...falsified);
    return findings.outcome();
  },
};

/** Three crashes in a minute are a crash loop, which has a story of its own: a line that has had two begins anew. */
async function withoutCrashes(rig: Rig): Promise<void> {
  if ((await rig.status()).lines.every(({ crashes }) => crashes < 2)) return;
  await rig.end('SIGTERM');
  await rig.startGateway();
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return Math.round(performance.now() - startMs);
}

/** One error: the process lives on, or ends with 1 and says so and how long it was blind; either way the next fires arrive. */
async function thrown(rig: Rig, doors: Doors, point: Point, armed: string, findings: Findings): Promise<void> {
  const { name, ends } = point;
  const before = { failed: rig.said('program-failed').length, crashed: rig.said('crashed').length };
  writeFileSync(armed, '1');
  const ended = rig.gone();
  {
    using _ = nudging(point.nudge, rig, doors);
    await rig.until(`${name}: the error happened`, () => !existsSync(armed));
  }
  const code = await Promise.race([ended, sleep(ends ? ENDED_WITHIN_MS : LIVES_FOR_MS).then(() => 'lives' as const)]);
  rmSync(armed, { force: true });
  findings.expect(code === (ends ? 1 : 'lives'), `an error in ${name}: ended with ${code}`);
  if (code !== 'lives') {
    findings.within(BACK_WITHIN_MS, `${name}: ended to panels read again`, RESTART_AFTER_MS + (await timed(() => rig.startGateway())));
    await rig.until(`${name}: the error is in the ledger`, () => rig.said('program-failed').length > before.failed);
    await rig.until(`${name}: the blind window is in the ledger`, () => rig.said('crashed').length > before.crashed);
    findings.expect(/^blind .* to /.test(rig.said('crashed').at(-1)!.text ?? ''), `${name}: a crash without its blind window`);
  }
  await nextArrives(rig, name);
}

/** Errors at points beside the panels' way in one life of the program: it goes on, and so do the panels. */
async function allAtOnce(
  rig: Rig,
  doors: Doors,
  points: readonly Point[],
  armed: (name: string) => string,
  findings: Findings,
): Promise<void> {
  if (points.length === 0) return;
  for (const { name } of points) writeFileSync(armed(name), '1');
  {
    using stack = new DisposableStack();
    for (const nudge of new Set(points.map((point) => point.nudge))) stack.use(nudging(nudge, rig, doors));
    for (const { name } of points) await rig.until(`${name}: the error happened`, () => !existsSync(armed(name)));
  }
  await nextArrives(rig, 'errors beside the panels');
  findings.expect(rig.gateway.process.exitCode === null, 'an error beside the panels ended the program');
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
  findings.expect(code === 0, `stopped with ${code}`);
  findings.within(STOP_WITHIN_MS, 'SIGTERM under load to exit', ms);
  await rig.startGateway();
  await nextArrives(rig, 'after a stop').catch((error: Error) => findings.complaints.push(error.message));
  findings.expect(rig.said('crashed').length === crashes, 'an orderly stop was taken for a crash');
}
