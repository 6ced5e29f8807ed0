import { setTimeout as sleep } from 'node:timers/promises';
import { ROWS_IN_FLIGHT_MAX, SETTLE_ROWS } from '@fengsui/gateway/src/limits.ts';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { backlogOf } from './backlog.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

/** What a row of the backlog takes on its way, about. */
const ROW_BYTES = 150;
const LONG = { readings: 100_000, silentS: 90, uplink: {}, visibleWithinMs: 60_000 };
/** Waits as short as a busy machine allows: the break must be noticed, and nothing else be taken for one. */
const SHORT = {
  readings: 6_000,
  silentS: 9,
  uplink: { keepaliveS: 5, receiptTimeoutMs: 5_000, reconnectMinMs: 200, reconnectMaxMs: 1_000 },
  visibleWithinMs: Number.POSITIVE_INFINITY,
};
const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;
/** Of both lanes, what may be on its way when a connection ends; with the process goes what it had receipts of and had not settled yet. */
const AGAIN_MAX = { cut: 2 * ROWS_IN_FLIGHT_MAX, kill: 2 * ROWS_IN_FLIGHT_MAX + SETTLE_ROWS };

/** In the middle of its backlog the link falls silent and comes back; later the gateway is killed and goes on where it stopped. */
export const experiment: Experiment = {
  words: { en: 'drain: the link falls silent in the middle of a backlog, then the gateway is killed', zh: '补传途中静默断链与强杀' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const { readings, silentS, uplink, visibleWithinMs } = isLong ? LONG : SHORT;
    await using rig = await Rig.start({ seed, panels: 0, uplink });
    const to = { ...LOOPBACK, port: rig.intakePort };
    await using link = new TcpLink({ listen: LOOPBACK, to, random: seeded(seed) });
    rig.intakePort = (await link.start()).port;
    rig.writeGateway();
    await backlogOf(readings, rig.path('data'));
    const quarter = (readings * ROW_BYTES) / 4;
    const isSilent = link.holdAfter(quarter);
    await rig.startGateway();
    await isSilent;
    await silent(rig, silentS, visibleWithinMs, findings);
    const before = await rig.collected();
    const isHalfway = link.holdAfter(quarter);
    link.setMode('pass');
    await isHalfway;
    await rig.end('SIGKILL');
    const between = await rig.collected();
    findings.measured['rows in the ledger before the silence'] = before.entries;
    findings.measured['rows in the ledger before the kill'] = between.entries;
    again('the break', between.repeated - before.repeated, AGAIN_MAX.cut, findings);
    findings.expect(before.entries > 0 && between.entries > before.entries, 'nothing came before the break, or between it and the kill');
    findings.expect(between.entries < readings * 0.9, 'the backlog was drained before the gateway was killed');
    link.setMode('pass');
    await rig.startGateway();
    await rig.until('the backlog is drained', async () => (await rig.status()).journal.lanes.ordinary.waiting === 0, 600_000);
    const over = await rig.collected();
    again('the kill', over.repeated - between.repeated, AGAIN_MAX.kill, findings);
    const once = rig.ledger().rows.filter(({ event }) => event.kind === 'reading').length;
    findings.expect(once === readings, `${once} readings in the ledger of ${readings}`);
    const { gaps, duplicated, outOfOrder } = rig.verdict();
    findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
    return findings.outcome();
  },
};

function again(what: string, rows: number, max: number, findings: Findings): void {
  findings.measured[`rows sent again after ${what}`] = rows;
  findings.expect(rows <= max, `${rows} rows were sent again after ${what}, at most ${max} were on their way`);
}

/** Everything is held, nobody is told, for so long at least as it takes the gateway to notice. */
async function silent(rig: Rig, seconds: number, visibleWithinMs: number, findings: Findings): Promise<void> {
  const startMs = performance.now();
  const noticed = rig.until('the gateway takes the link for lost', async () => (await rig.status()).uplinks[0]!.state !== 'up');
  noticed.then((ms) => findings.within(visibleWithinMs, 'silent link to noticed by the gateway', ms)).catch(() => {});
  await Promise.all([noticed, sleep(seconds * 1_000)]);
  findings.measured['the link was silent, s'] = Math.round((performance.now() - startMs) / 1_000);
}
