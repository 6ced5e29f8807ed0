import { setTimeout as sleep } from 'node:timers/promises';
import { backlogOf } from './backlog.ts';
import { addressOf, doorFor, firesOf, portOf } from './door.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { fireFrom, Transmitter } from './transmitter.ts';

const READINGS = 10_000;
const ALARMS = 200;
const TRANSMITTERS = 4;

/** P6: 99 of 100 alarms of a flood are in the ledger within this. */
const P99_WITHIN_MS = 2_000;

/** E25: 200 alarms in a second on top of 10,000 readings that wait. Alarms pass them; nothing is lost. The long form, which has the machine to itself, judges P6. */
export const experiment: Experiment = {
  words: { en: 'flood: 200 alarms in a second upon 10,000 readings that wait', zh: '告警洪峰叠加积压' },
  async run(seed, isLong) {
    const findings = new Findings();
    const { line, sources } = doorFor(TRANSMITTERS);
    await using rig = await Rig.start({ seed, panels: 0, lines: [line] });
    await backlogOf(READINGS, rig.path('data'));
    await rig.startGateway();
    const port = await portOf(rig);
    const transmitters = sources.map((source) => ({ source, device: new Transmitter(port) }));
    await rig.until('the uplink is there', async () => (await rig.status()).uplinks[0]!.state === 'up');
    const startMs = performance.now();
    const saidMs = await flood(transmitters);
    const alarms = () => firesOf(rig);
    findings.measured['all alarms in the ledger after, ms'] = await rig.until('every alarm', () => alarms().length >= ALARMS, 120_000);
    const confirmed = transmitters.reduce((sum, { device }) => sum + device.confirmed.size, 0);
    findings.expect(confirmed === ALARMS, `${confirmed} of ${ALARMS} alarms were confirmed to their senders`);
    const lastAlarm = Math.max(...alarms().map(({ position }) => position));
    const before = rig.ledger().rows.filter(({ event, position }) => event.kind === 'reading' && position < lastAlarm).length;
    findings.measured['readings that reached the ledger before the last alarm'] = before;
    await rig.until('every reading', async () => (await rig.status()).journal.lanes.ordinary.waiting === 0, 300_000);
    findings.measured['backlog drained after, ms'] = Math.round(performance.now() - startMs);
    const latencies = alarms()
      .map((row) => row.committedMs - saidMs.get(addressOf(row))!)
      .sort((one, other) => one - other);
    findings.measured['alarm p50, ms'] = latencies[Math.floor(ALARMS * 0.5)]!;
    findings.measured['alarm p99, ms'] = latencies[Math.floor(ALARMS * 0.99)]!;
    const p99Ms = Number(findings.measured['alarm p99, ms']);
    if (isLong) findings.expect(p99Ms <= P99_WITHIN_MS, `99 of 100 alarms came within ${p99Ms} ms, due within ${P99_WITHIN_MS} ms`);
    findings.expect(alarms().length === ALARMS && saidMs.size === ALARMS, `${alarms().length} alarms in the ledger of ${ALARMS}`);
    const readings = rig.ledger().rows.filter(({ event }) => event.kind === 'reading').length;
    findings.expect(readings === READINGS, `${readings} readings in the ledger of ${READINGS}`);
    const { gaps, duplicated, outOfOrder } = rig.verdict();
    findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
    return findings.outcome();
  },
};

/** Every transmitter says one fire after the other, all within a second; by address, when. */
async function flood(transmitters: ReadonlyArray<{ readonly source: number; readonly device: Transmitter }>): Promise<Map<number, number>> {
  const saidMs = new Map<number, number>();
  for (let serial = 0; serial < ALARMS / TRANSMITTERS; serial++) {
    for (const [index, { source, device }] of transmitters.entries()) {
      const address = index * 1_000 + serial;
      saidMs.set(address, Date.now());
      device.send(fireFrom(source, serial, address));
    }
    await sleep((1_000 * TRANSMITTERS) / ALARMS);
  }
  return saidMs;
}
