import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import Database from 'better-sqlite3';
import { generate } from 'coap-packet';
import { LoopDelay } from '../../../../gateway/src/loop-delay.ts';
import type { Device } from '../../../src/device.ts';
import { buildShim } from '../../journal/faults.ts';
import { RunningBox } from './box.ts';
import { type Figure, percentile } from './budgets.ts';
import { head, imeiOf, NOBODY, PANEL_POINTS, type Site } from './site.ts';

/** E10: what every sync takes, how many alarms of each kind come meanwhile, and how long one may wait. */
const DISKS = [
  { key: 'slowDisk', syncMs: 300, alarms: 30, alarmP99MsMax: 3_000 },
  { key: 'verySlowDisk', syncMs: 2_000, alarms: 6, alarmP99MsMax: 8_000 },
] as const;
type Disk = (typeof DISKS)[number];
const PAUSE_MS = 200;
const ANSWER_WITHIN_MS = 62_000;
/** A confirmable message is sent again at these times until it is answered (RFC 7252 4.8). */
const AGAIN_MS = [2_000, 6_000, 14_000, 30_000];
const LOOK_EVERY_MS = 50;
const LOOP_DELAY_P99_MS_MAX = 50;

/** Every sync of the journal takes long: how long a detector and a panel's alarm wait, whether one is lost, whether anything else waits for the disk. */
export async function slowDisk(folder: string, launcher: string, site: Site): Promise<Figure[]> {
  const control = join(folder, 'sync-us');
  const data = join(folder, 'slow');
  writeFileSync(control, '0');
  writeFileSync(join(folder, 'slow.yaml'), head('gw-slow', data, NOBODY) + site.lines(1, 1_000));
  const shim = { LD_PRELOAD: await buildShim(folder), FF_MATCH: data, FF_CONTROL: control };
  const figures: Figure[] = [];
  for (const disk of DISKS) {
    const box = await RunningBox.start(launcher, join(folder, 'slow.yaml'), shim);
    try {
      await box.until('the panel is heard', ({ lines: [panel] }) => panel!.packets > 0);
      writeFileSync(control, String(disk.syncMs * 1_000));
      await sleep(2_000);
      figures.push(...(await measured(disk, box, data, site)));
    } finally {
      writeFileSync(control, '0');
      await box.stop();
    }
  }
  return figures;
}

async function measured({ key, syncMs, alarms, alarmP99MsMax }: Disk, box: RunningBox, data: string, site: Site): Promise<Figure[]> {
  const bare = bareDelay();
  const before = rowsOf(data);
  const detectors = (await box.status()).lines.find(({ name }) => name === 'nb')!;
  const waits = await answered(Number(detectors.at.split(':').at(-1)), alarms);
  const commits = await committed(site.panel, data, alarms);
  const { loopDelayP99Ms } = (await box.status()).process;
  const after = rowsOf(data);
  const [syncs, budget, when] = [{ says: 'one sync', value: syncMs }, { most: alarmP99MsMax }, `when every sync takes ${syncMs} ms`];
  const ms = { unit: 'ms', yardstick: syncs };
  return [
    { key: `${key}CommitP50Ms`, says: `a detector's answer ${when}, p50`, value: percentile(waits, 0.5), ...ms },
    { key: `${key}CommitP99Ms`, says: 'the same, p99', value: percentile(waits, 0.99), ...ms, budget },
    {
      key: `${key}FirstAnswerMs`,
      says: 'the quickest of them: none before its sync',
      value: Math.min(...waits),
      ...ms,
      budget: { least: syncMs },
    },
    {
      key: `${key}SerialP99Ms`,
      says: "a panel's alarm on the serial line until it is durable, p99",
      value: percentile(commits, 0.99),
      ...ms,
      budget,
    },
    {
      ...{ key: `${key}AlarmsKept`, says: `alarms kept of ${2 * alarms} that were said or answered`, unit: 'rows' },
      ...{ value: after.fires - before.fires, budget: { least: 2 * alarms } },
    },
    {
      key: `${key}ReadingsKept`,
      says: 'readings kept meanwhile',
      value: after.readings - before.readings,
      unit: 'rows',
      budget: { least: 1 },
    },
    {
      ...{ key: `${key}LoopDelayP99Ms`, says: 'loop delay of the gateway meanwhile, p99', value: loopDelayP99Ms, unit: 'ms' },
      ...{ yardstick: { says: "this bench's own", value: bare() }, budget: { most: LOOP_DELAY_P99_MS_MAX } },
    },
  ];
}

/** What the journal's files hold: a row is seen there once its sync has ended. */
function rowsOf(data: string): { readonly fires: number; readonly readings: number } {
  const count = (lane: string, kind: string) => {
    const database = new Database(join(data, `${lane}.sqlite`), { readonly: true });
    try {
      return database.prepare('SELECT count(*) FROM rows WHERE kind = ?').pluck().get(kind) as number;
    } finally {
      database.close();
    }
  };
  return { fires: count('alarm', 'fire'), readings: count('ordinary', 'reading') };
}

/** Milliseconds from a panel's word on the serial line until it stands in the journal; one after the other. */
async function committed(panel: Device, data: string, count: number): Promise<number[]> {
  const waits: number[] = [];
  for (let index = 0; index < count; index++) {
    const { fires } = rowsOf(data);
    await panel.perform({ kind: 'say', say: { what: 'fire', address: { controller: 1, loop: 1, point: (index % PANEL_POINTS) + 1 } } });
    const startedMs = performance.now();
    while (rowsOf(data).fires === fires) {
      if (performance.now() - startedMs > ANSWER_WITHIN_MS) return [...waits, ANSWER_WITHIN_MS];
      await sleep(LOOK_EVERY_MS);
    }
    waits.push(performance.now() - startedMs);
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
  return waits;
}

/** Milliseconds from an alarm's datagram to its acknowledgement, which comes after the commit; one after the other. */
async function answered(port: number, count: number): Promise<number[]> {
  const family = FAMILIES.get('nb-huaqiang') as PublishingFamily;
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const waits: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    const alarm = alarmOf(family, index);
    const say = () => socket.send(alarm, port, '127.0.0.1');
    say();
    const again = AGAIN_MS.map((ms) => setTimeout(say, ms));
    await once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => {}); // told by its wait, and by the rows
    for (const timer of again) clearTimeout(timer);
    waits.push(performance.now() - startedMs);
    await sleep(PAUSE_MS * (0.5 + Math.random()));
  }
  socket.close();
  return waits;
}

function alarmOf(family: PublishingFamily, index: number): Uint8Array {
  const deviceTime = `${new Date(Date.now() + index * 1_000).toISOString().slice(0, 19)}Z`;
  const path = ['t', 'd'].map((name) => ({ name: 'Uri-Path' as const, value: Buffer.from(name) }));
  const query = { name: 'Uri-Query' as const, value: Buffer.from(`ep=${imeiOf(0)}`) };
  const payload = Buffer.from(family.play.say({ what: 'fire', address: {}, deviceTime }, imeiOf(0), index + 1)!);
  return generate({
    code: '0.02',
    confirmable: true,
    messageId: index + 1 + (Math.floor(Date.now() / 1_000) % 30_000),
    token: Buffer.from([index]),
    options: [...path, query],
    payload,
  });
}

/** p99 of this process's own loop delay since now: it waits for nobody's disk. */
function bareDelay(): () => number {
  const delay = new LoopDelay();
  return () => {
    const { loopDelayP99Ms } = delay.numbers();
    delay.close();
    return loopDelayP99Ms;
  };
}
