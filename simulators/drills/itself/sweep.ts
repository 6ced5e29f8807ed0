import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildShim, type Call, describeFault, type Fault } from '../journal/faults.ts';
import { faultsOver } from '../journal/sweep.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

const POINTS = { short: 4, long: 100 } as const;
/** Said to the gateway in each run: enough to settle and to be sent while calls of the disk go on. */
const FIRES = 6;
/** A fault that ends the process has ended it by then, or its call was never made. */
const ENDS_WITHIN_MS = 5_000;

/** E06 upon the whole gateway: a call of its disk is killed, torn, refused or out of room while panels are read and the uplink carries. */
export const experiment: Experiment = {
  words: { en: 'sweep: calls of the disk fail under a whole gateway', zh: '整机磁盘调用逐点故障' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-shim-'));
    try {
      const shim = await buildShim(folder);
      await using rig = await Rig.start({ seed, panels: 1 });
      const behind = (more: Record<string, string>) => ({ LD_PRELOAD: shim, FF_MATCH: rig.path('data'), ...more });
      const report = join(folder, 'calls');
      rig.environment = behind({ FF_REPORT: report });
      await told(rig, 'undisturbed', findings);
      const faults = faultsOver(callsIn(report), isLong ? POINTS.long : POINTS.short);
      for (const fault of isLong ? faults : faults.filter((_, index) => index % Math.ceil(faults.length / POINTS.short) === 0)) {
        const { call, kind, at, times = 1 } = fault;
        rig.environment = behind({ FF_CALL: call, FF_FAULT: kind, FF_AT: String(at), FF_TIMES: String(times) });
        await disturbed(rig, fault, findings);
      }
      findings.measured['faults'] = faults.length;
      return findings.outcome();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Starts, hears fires and stops. */
async function told(rig: Rig, what: string, findings: Findings): Promise<void> {
  await rig.startGateway();
  await complete(rig, what, findings);
  await rig.end('SIGTERM');
}

/** With a fault: it lives or ends, and is started again; then without: what it promised is there, and the next fire arrives. */
async function disturbed(rig: Rig, fault: Fault, findings: Findings): Promise<void> {
  const what = describeFault(fault);
  try {
    await rig.startGateway();
    rig.fire(0, FIRES);
    const timer = new Promise((resolve) => setTimeout(resolve, ENDS_WITHIN_MS));
    await Promise.race([rig.gone(), timer]);
  } catch {
    // it ended before it was ready: the next start must do
  }
  if (rig.gateway.process.exitCode === null && rig.gateway.process.signalCode === null) await rig.end('SIGTERM');
  rig.environment = {};
  await told(rig, what, findings);
}

/** Everything the gateway has numbered is in the ledger once and in order, and so are the fires just said. */
async function complete(rig: Rig, what: string, findings: Findings): Promise<void> {
  const fires = () => rig.ledger().rows.filter(({ event }) => event.kind === 'fire' && event.edge === 'began').length;
  const before = fires();
  rig.fire(0, FIRES);
  await rig
    .until(`${what}: the next fires`, () => fires() >= before + FIRES)
    .catch((error: Error) => findings.complaints.push(error.message));
  const ours = () => {
    const { gaps, duplicated, outOfOrder, phantoms, falsified } = rig.verdict();
    return [...gaps, ...duplicated, ...outOfOrder, ...phantoms, ...falsified];
  };
  await rig.until(`${what}: all that was numbered`, () => ours().length === 0).catch(() => {});
  findings.complaints.push(
    ...ours()
      .slice(0, 3)
      .map((one) => `${what}: ${one}`),
  );
}

function callsIn(report: string): Record<Call, number> {
  const lines = readFileSync(report, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])])) as Record<Call, number>;
}
