import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Children } from '../../demo/children.ts';
import { RunningBox } from './box.ts';
import type { Figure } from './budgets.ts';
import { head, type Site } from './site.ts';

const ROUNDS = 3;
const SECONDS = 4;
const WARM_MS = 2_000;
/** The rule for both: 64 rows on their way at once. A row a message is the plain way to send them; half of them a message is ours. */
const ROW_BY_ROW = { rows: 1, messages: 64 };
const AS_WE_BATCH = { rows: 32, messages: 2 };
const SHARE_MIN = 0.5;

/** How fast the backlog leaves, beside a program that only reads and sends, in turns, so that a slow moment meets both. */
export async function drained(folder: string, launcher: string, site: Site, children: Children, data: string): Promise<Figure[]> {
  const sink = await children.start('sink', 'simulators/drills/bench/gateway/sink.ts');
  const url = sink.ready['url']!;
  writeFileSync(join(folder, 'drain.yaml'), head('gw-backlog', data, `url: "${url}"`, 4_096) + site.lines(0, 600_000));
  const [ours, raw, batched]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await gatewayRate(launcher, join(folder, 'drain.yaml')));
    raw.push(await rawRate(children, data, url, ROW_BY_ROW));
    batched.push(await rawRate(children, data, url, AS_WE_BATCH));
  }
  const [rate, yardstick] = [median(ours), median(raw)];
  const beside = { says: 'SQLite read and mqtt.js publish alone, a row a message', value: yardstick };
  return [
    { key: 'drainPerSecond', says: 'backlog drained', value: rate, unit: 'rows/s', yardstick: beside },
    {
      ...{
        key: 'rawBatchedPerSecond',
        says: 'SQLite read and mqtt.js publish alone, batched as we batch',
        value: median(batched),
        unit: 'rows/s',
      },
      yardstick: { says: 'it seals, settles and remembers nothing; our share', value: rate / median(batched) },
    },
    { key: 'drainShare', says: 'as a share of reading and sending alone', value: rate / yardstick, unit: '', budget: { least: SHARE_MIN } },
  ];
}

async function gatewayRate(launcher: string, settings: string): Promise<number> {
  const box = await RunningBox.start(launcher, settings);
  try {
    await box.until('the uplink is up', ({ uplinks }) => uplinks[0]!.state === 'up');
    await sleep(WARM_MS);
    const [before, startedMs] = [await box.status(), performance.now()];
    await sleep(SECONDS * 1_000);
    const after = await box.status();
    if (after.journal.lanes.ordinary.waiting === 0) throw new Error('the backlog was drained before it was measured');
    return (after.uplinks[0]!.rowsAccepted - before.uplinks[0]!.rowsAccepted) / ((performance.now() - startedMs) / 1_000);
  } finally {
    await box.stop();
  }
}

async function rawRate(children: Children, data: string, url: string, { rows, messages }: typeof ROW_BY_ROW): Promise<number> {
  const words = [join(data, 'ordinary.sqlite'), url, String(SECONDS), String(rows), String(messages)];
  const raw = await children.start('raw-drain', 'simulators/drills/bench/gateway/raw-drain.ts', ...words);
  return Number(raw.ready['perSecond']);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
