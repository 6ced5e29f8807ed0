import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fireLatencies, fires, readingLatencies } from './alarms.ts';
import { RunningBox } from './box.ts';
import { type Figure, percentile } from './budgets.ts';
import type { Cloud } from './cloud.ts';
import { head, NOBODY, type Site } from './site.ts';

const FIRES = 60;
const PAUSE_MS = 250;
const BUSES_OF_100_READINGS = 5;
const ALARM_P99_MS_MAX = 1_000;
const FIRST_ALARM_MS_MAX = 3_000;
const FRESH_READING_P99_MS_MAX = 10_000; // GB 26875.1-2011 4.1.3: running state within 10 s

const spread = (key: string, says: string, latencies: readonly number[]): Figure[] => [
  { key: `${key}P50Ms`, says: `${says}, p50`, value: percentile(latencies, 0.5), unit: 'ms' },
  { key: `${key}P99Ms`, says: `${says}, p99`, value: percentile(latencies, 0.99), unit: 'ms', budget: { most: ALARM_P99_MS_MAX } },
];

/** A healthy link, 100 readings a second on the way to the collector, and fires between them. */
export async function healthy(folder: string, launcher: string, site: Site, cloud: Cloud): Promise<Figure[]> {
  const data = join(folder, 'healthy');
  writeFileSync(
    join(folder, 'healthy.yaml'),
    head('gw-healthy', data, cloud.uplinkOf('gw-healthy')) + site.lines(BUSES_OF_100_READINGS, 1_000),
  );
  const box = await RunningBox.start(launcher, join(folder, 'healthy.yaml'));
  try {
    await box.until('the uplink is up', ({ uplinks }) => uplinks[0]!.state === 'up');
    await sleep(3_000);
    const [before, startedMs, cpu] = [await box.status(), performance.now(), box.cpuSeconds()];
    const latencies = await fireLatencies(site.panel, data, FIRES, PAUSE_MS);
    const seconds = (performance.now() - startedMs) / 1_000;
    const readings = (await box.status()).journal.lanes.ordinary.newest - before.journal.lanes.ordinary.newest;
    return [
      { key: 'readingsPerSecond', says: 'readings journaled and carried', value: readings / seconds, unit: '/s' },
      {
        key: 'cpuPercentAtReadings',
        says: 'processor meanwhile, fires included',
        value: ((box.cpuSeconds() - cpu) / seconds) * 100,
        unit: '% core',
      },
      ...spread('healthy', 'serial byte to receipt, healthy', latencies),
    ];
  } finally {
    await box.stop();
  }
}

/** The link comes back to a journal full of readings: the alarm that waited, and those that come while the backlog drains. */
export async function behindBacklog(folder: string, launcher: string, site: Site, cloud: Cloud, data: string): Promise<Figure[]> {
  const lines = site.lines(1, 1_000);
  const settings = join(folder, 'backlog.yaml');
  writeFileSync(settings, head('gw-backlog', data, NOBODY, 4_096) + lines);
  const alone = await RunningBox.start(launcher, settings);
  await alone.until('the panel is heard', ({ lines: [panel] }) => panel!.packets > 0);
  await site.panel.perform({ kind: 'say', say: { what: 'fire', address: { controller: 1, loop: 1, point: 1 } } });
  await alone.until('the fire waits', ({ journal }) => journal.lanes.alarm.waiting > 0);
  await alone.stop();
  writeFileSync(settings, head('gw-backlog', data, cloud.uplinkOf('gw-backlog'), 4_096) + lines);
  const box = await RunningBox.start(launcher, settings);
  try {
    const { uplinks } = await box.until('the uplink is up', ({ uplinks }) => uplinks[0]!.state === 'up');
    await box.until('the alarm that waited is settled', ({ journal }) => journal.lanes.alarm.waiting === 0);
    const firstMs = Math.max(0, fires(data)[0]! - uplinks[0]!.sinceMs);
    const [before, startedMs, since] = [await box.status(), performance.now(), Date.now()];
    const latencies = await fireLatencies(site.panel, data, FIRES, PAUSE_MS);
    const readings = readingLatencies(data, since);
    const accepted = (await box.status()).uplinks[0]!.rowsAccepted - before.uplinks[0]!.rowsAccepted;
    return [
      { key: 'backlogRows', says: 'readings that wait in the journal', value: before.journal.lanes.ordinary.waiting, unit: 'rows' },
      { key: 'firstAlarmMs', says: 'first alarm after the link is up', value: firstMs, unit: 'ms', budget: { most: FIRST_ALARM_MS_MAX } },
      ...spread('backlog', 'serial byte to receipt, while it drains', latencies),
      {
        ...{ key: 'freshReadingP99Ms', says: `a new reading to its receipt meanwhile, p99 of ${readings.length}`, unit: 'ms' },
        ...{ value: percentile(readings, 0.99), budget: { most: FRESH_READING_P99_MS_MAX } },
      },
      {
        key: 'collectorDrainPerSecond',
        says: 'meanwhile drained into a real collector',
        value: accepted / ((performance.now() - startedMs) / 1_000),
        unit: 'rows/s',
      },
    ];
  } finally {
    await box.stop();
  }
}
