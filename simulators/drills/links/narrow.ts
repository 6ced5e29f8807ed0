import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '@fengsui/collector/src/ledger/ledger.ts';
import type { Journal } from '@fengsui/gateway/src/journal/journal.ts';
import * as limits from '@fengsui/gateway/src/limits.ts';
import { LANES, type SiteEvent } from '@fengsui/protocol';
import type { LinkQuality } from '../../src/link.ts';
import { seeded } from '../../src/random.ts';
import { TcpLink } from '../../src/tcp-link.ts';
import { type Experiment, Findings } from '../itself/experiment.ts';
import { CollectorSite, carry, eventOf, openSiteJournal, waiting } from './site.ts';

/** A way to a port of this machine. */
export interface Way extends AsyncDisposable {
  readonly port: number;
}

export interface Story {
  readonly name: string;
  readonly way: (toPort: number, seed: number) => Promise<Way>;
  /** Readings that wait when the link comes. */
  readonly backlog: number;
  /** Alarms over the link, one a second, each with a reading. */
  readonly alarms: number;
  /** P2: within this 99 of 100 alarms are in the ledger. Judged where the drill has the machine to itself: in the long form. */
  readonly p99WithinMs?: number;
}

/** 600 ms there and back. */
const FAR = { delayMs: 300, jitterMs: 30 };
/** One way, and lost. */
const FARTHER = [
  ['5 % loss, 1,500 ms', 750, 0.05],
  ['5 % loss, 3,000 ms', 1_500, 0.05],
] as const;
/** 64 kbit/s. */
const NARROW = { delayMs: 50, bytesPerSecond: 8_000 };

/** A way over a link of our own. */
const over = (quality: Partial<LinkQuality>) => async (toPort: number, seed: number) => {
  const host = '127.0.0.1';
  const link = new TcpLink({ listen: { host, port: 0 }, to: { host, port: toPort }, random: seeded(seed) });
  const { port } = await link.start();
  link.setQuality(quality);
  return Object.assign(link, { port });
};

const storiesOf = (isLong: boolean): readonly Story[] => {
  const alarms = isLong ? 120 : 6;
  return [
    { name: '5 % loss, 600 ms', way: over({ ...FAR, loss: 0.05 }), backlog: 0, alarms, ...(isLong ? { p99WithinMs: 5_000 } : {}) },
    { name: '30 % loss, 600 ms', way: over({ ...FAR, loss: 0.3 }), backlog: 0, alarms },
    { name: '64 kbit/s and a backlog', way: over(NARROW), backlog: isLong ? 5_000 : 600, alarms },
    ...(isLong
      ? FARTHER.map(([name, delayMs, loss]) => ({ name, way: over({ delayMs, jitterMs: delayMs / 10, loss }), backlog: 0, alarms }))
      : []),
  ];
};

/** All that is on its way, or was handed over, when an alarm comes: what it may have to stand behind. */
const ROWS_BEFORE_MAX = 2 * limits.ROWS_IN_FLIGHT_MAX;
const PATIENCE_MS = 900_000;
const reading = (more: Partial<SiteEvent> = {}) => eventOf('reading', { edge: 'momentary', ...more });

async function hearBacklog(journal: Journal, rows: number): Promise<SiteEvent[]> {
  const all = Array.from({ length: rows }, () => reading({ measured: { quantity: 'pressure-kpa', value: 312.5, quality: 'good' } }));
  for (let at = 0; at < rows; at += 500) await journal.append(all.slice(at, at + 500));
  return all;
}

/** Tells a story over its link; answers everything that was said, and what the ledger has of it. */
async function tell({ way, backlog, alarms }: Story, seed: number): Promise<{ said: SiteEvent[]; entries: Entry[]; left: number }> {
  await using site = await new CollectorSite().open();
  const keys = await site.enrol();
  await using link = await way(site.port, seed);
  const folder = mkdtempSync(join(tmpdir(), 'fengsui-narrow-'));
  const journal = await openSiteJournal(folder);
  const said = await hearBacklog(journal, backlog);
  const settings = { reconnectMinMs: limits.RECONNECT_MIN_MS, reconnectMaxMs: limits.RECONNECT_MAX_MS };
  const uplink = carry(journal, `mqtts://127.0.0.1:${link.port}`, keys, { settings });
  try {
    for (let turn = 0; turn < alarms; turn++) {
      await sleep(1_000);
      const events = [eventOf('fire'), reading()];
      said.push(...events);
      await journal.append(events);
    }
    const untilMs = performance.now() + PATIENCE_MS;
    while ((await waiting(journal)) > 0 && performance.now() < untilMs) await sleep(200);
    return { said, entries: await allOf(site), left: await waiting(journal) };
  } finally {
    await uplink.stop();
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function allOf({ ledger }: CollectorSite): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const more = await ledger.after(all.at(-1)?.position ?? 0, 2_000);
    if (more.length === 0) return all;
    all.push(...more);
  }
}

/** Milliseconds from the event to its commit at the collector, sorted: both go by the clock of this machine. */
const latenciesOf = (entries: readonly Entry[]) =>
  entries
    .filter(({ lane }) => lane === 'alarm')
    .map(({ wallMs, committedMs }) => committedMs - wallMs)
    .sort((one, other) => one - other);

/** For the alarm that fares worst: ordinary rows that were committed between the moment it was heard and its own commit. */
function rowsBefore(entries: readonly Entry[]): number {
  const before = (alarm: Entry) =>
    entries.filter(({ lane, position, committedMs }) => lane === 'ordinary' && position < alarm.position && committedMs > alarm.wallMs)
      .length;
  return Math.max(0, ...entries.filter(({ lane }) => lane === 'alarm').map(before));
}

export async function judge(story: Story, seed: number, findings: Findings): Promise<void> {
  const { said, entries, left } = await tell(story, seed);
  const expect = (holds: boolean, otherwise: string) => findings.expect(holds, `${story.name}: ${otherwise}`);
  const ids = entries.map(({ event }) => event.id);
  const lost = said.filter(({ id }) => !ids.includes(id)).length;
  expect(left === 0 && lost === 0, `${lost} of ${said.length} events are lost, ${left} still wait`);
  expect(new Set(ids).size === ids.length, `${ids.length - new Set(ids).size} events are doubled`);
  for (const lane of LANES) {
    const order = entries.filter((entry) => entry.lane === lane).map(({ number }) => number);
    expect(
      order.every((number, index) => index === 0 || number > order[index - 1]!),
      `the ${lane} lane came out of order`,
    );
  }
  const rows = rowsBefore(entries);
  expect(rows <= ROWS_BEFORE_MAX, `an alarm stood behind ${rows} readings, more than what can be on its way`);
  const latencies = latenciesOf(entries);
  const at = (share: number) => Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? -1);
  findings.measured[`${story.name}: alarm p50, ms`] = at(0.5);
  findings.measured[`${story.name}: alarm p99, ms`] = at(0.99);
  const { p99WithinMs = Number.POSITIVE_INFINITY } = story;
  expect(at(0.99) <= p99WithinMs, `99 of 100 alarms came within ${at(0.99)} ms, due within ${p99WithinMs} ms`);
  findings.measured[`${story.name}: readings before an alarm at most`] = rows;
}

export const experiment: Experiment = {
  words: { en: 'a link that loses, is far, is narrow', zh: '丢包、高时延、窄带链路' },
  async run(seed, isLong) {
    const findings = new Findings();
    await Promise.all(storiesOf(isLong).map((story, index) => judge(story, seed + index, findings)));
    return findings.outcome();
  },
};
