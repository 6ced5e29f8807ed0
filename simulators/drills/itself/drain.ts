import { setTimeout as sleep } from 'node:timers/promises';
import { ROWS_IN_FLIGHT_MAX, SETTLE_ROWS } from '@fengsui/gateway/src/limits.ts';
import { GOOD_LINK } from '../../src/link.ts';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { backlogOf } from './backlog.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

/** So narrow a link that the drill comes in time to break it and to kill: some thousand rows a second. */
const NARROW = { ...GOOD_LINK, bytesPerSecond: 200_000 };
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
    await using link = new TcpLink({ listen: LOOPBACK, to, random: seeded(seed), quality: NARROW });
    rig.intakePort = (await link.start()).port;
    rig.writeGateway();
    await backlogOf(readings, rig.path('data'));
    await rig.startGateway();
    await arrived(rig, readings / 4);
    const before = await rig.collected();
    await silent(rig, link, silentS, visibleWithinMs, findings);
    await arrived(rig, Math.max(readings / 2, before.entries + readings / 10));
    const between = await rig.collected();
    again('the break', between.repeated - before.repeated, AGAIN_MAX.cut, findings);
    findings.expect(between.entries < readings * 0.9, 'the backlog was drained before the gateway was killed');
    await rig.end('SIGKILL');
    link.setQuality(GOOD_LINK);
    await rig.startGateway();
    await rig.until('the backlog is drained', async () => (await rig.status()).journal.lanes.ordinary.waiting === 0, 600_000);
    const over = await rig.collected();
    findings.measured['rows in the ledger before the kill'] = between.entries;
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

const arrived = (rig: Rig, rows: number) =>
  rig.until(`${rows} rows in the ledger`, async () => (await rig.collected()).entries >= rows, 600_000);

/** Everything is held, nobody is told; then it comes through again, what was held with it. */
async function silent(rig: Rig, link: TcpLink, seconds: number, visibleWithinMs: number, findings: Findings): Promise<void> {
  const startMs = performance.now();
  link.setMode('half-open');
  const noticed = rig.until('the gateway takes the link for lost', async () => (await rig.status()).uplinks[0]!.state !== 'up');
  noticed.then((ms) => findings.within(visibleWithinMs, 'silent link to noticed by the gateway', ms)).catch(() => {});
  await Promise.all([noticed, sleep(seconds * 1_000)]);
  link.setMode('pass');
  findings.measured['the link was silent, s'] = Math.round((performance.now() - startMs) / 1_000);
}
