import { systemClock } from '@fengsui/gateway/src/clock.ts';
import { openJournal, sizesOf } from '@fengsui/gateway/src/journal/journal.ts';
import type { SiteEvent } from '@fengsui/protocol';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

const READINGS = 10_000;
const ALARMS = 200;
const PANELS = 4;

/** E25: 200 alarms in a second on top of 10,000 readings that wait. Alarms pass them; nothing is lost; the figures are printed, not judged. */
export const experiment: Experiment = {
  words: { en: 'flood: 200 alarms in a second upon 10,000 readings that wait', zh: '告警洪峰叠加积压' },
  async run(seed) {
    const findings = new Findings();
    await using rig = await Rig.start({ seed, panels: PANELS, baud: 115_200 });
    await fill(rig.path('data'));
    await rig.startGateway();
    const startMs = performance.now();
    for (let panel = 0; panel < PANELS; panel++) rig.fire(panel, ALARMS / PANELS);
    const alarms = () => rig.ledger().rows.filter(({ event }) => event.kind === 'fire');
    findings.measured['all alarms in the ledger after, ms'] = await rig.until('every alarm', () => alarms().length >= ALARMS, 120_000);
    const lastAlarm = Math.max(...alarms().map(({ position }) => position));
    const behind = rig.ledger().rows.filter(({ event, position }) => event.kind === 'reading' && position < lastAlarm).length;
    findings.measured['readings that reached the ledger before the last alarm'] = behind;
    await rig.until('every reading', async () => (await rig.status()).journal.lanes.ordinary.waiting === 0, 300_000);
    findings.measured['backlog drained after, ms'] = Math.round(performance.now() - startMs);
    const { alarmLatencyMs, gaps, duplicated, outOfOrder, falsified, lost } = rig.verdict();
    findings.measured['alarm p50, ms'] = alarmLatencyMs.p50 ?? 'none';
    findings.measured['alarm p99, ms'] = alarmLatencyMs.p99 ?? 'none';
    findings.complaints.push(...gaps, ...duplicated, ...outOfOrder, ...falsified, ...lost.filter((one) => !one.includes('municipal')));
    return findings.outcome();
  },
};

/** Puts readings of a drill (nobody is told of them) into a journal that no gateway has open. */
async function fill(directory: string): Promise<void> {
  const envelope = { source: 3_000_001, destination: 20, zoneMinutes: 480 };
  const sizes = sizesOf({ ordinaryMiB: 1_024, ballastMiB: 0 });
  const journal = await openJournal({
    ...{ directory, profile: 'db36-t1297-2020', envelope, sizes, clock: systemClock, clockSynchronised: () => true },
  });
  for (let from = 0; from < READINGS; from += 500) await journal.append(Array.from({ length: 500 }, (_, index) => reading(from + index)));
  await journal.close();
}

function reading(index: number): SiteEvent {
  const ms = Date.now();
  return {
    ...{ id: index.toString(16).padStart(32, 'a'), kind: 'reading', edge: 'momentary', source: 'hydrant-1', receivedMs: ms },
    time: { ms, zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 11, systemAddress: 1, component: { type: 24, address: index % 64 } },
    measured: { quantity: 'pressure-kpa', value: 300 + (index % 50), quality: 'good' },
    test: ['drill'],
  };
}
