import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Journal, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { JOURNAL_KEEP_ROWS, JOURNAL_ORDINARY_MIB_MIN } from '@fengsui/gateway/src/limits.ts';
import type { EventKind, SiteEvent } from '@fengsui/protocol';
import { type Experiment, Findings } from '../itself/experiment.ts';
import { OPENING } from './aftermath.ts';

const HOUR_MS = 3_600_000;
/** Twenty hydrants, each read every 5 s; told as they would be over a quarter of a minute. */
const [POINTS, EVERY_MS, TOLD_EVERY_MS] = [20, 5_000, 15_000];
/** A fault and an alarm now and then. */
const ALARM_EVERY_MS = 600_000;
/** The smallest lane a site may set, and four days; a hundredth of both shows the same. */
const SHARES = { long: 1, short: 0.01 } as const;
const OUTAGE_MS = 96 * HOUR_MS;
/** In this part of it the lane has room: its commits are the yardstick of those that make room. */
const FREE_SHARE = 0.25;
/** What a lane may be beyond its limit: a twentieth. */
const BEYOND = 1.05;
/** 99 of 100 commits are done within this whatever is cleared away meanwhile. */
const COMMIT_P99_MS = 250;
/** Real time in which rows come at the load's rate while what was settled is given back. */
const RATE_MS = 50;

/**
 * Four days without a link at the rate of a site, on a clock that is handed in: the file stays within its limit and is used again afterwards,
 * alarms and states are all there, and commits go on while readings are thinned, settled rows deleted and pages given back.
 */
export const experiment: Experiment = {
  words: { en: 'outage: four days without a link, and what is given back afterwards', zh: '断链四天,恢复后空间回收' },
  async run(_seed, isLong) {
    const findings = new Findings(isLong);
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-outage-'));
    try {
      await tell(folder, isLong ? SHARES.long : SHARES.short, findings);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return findings.outcome();
  },
};

async function tell(folder: string, share: number, findings: Findings): Promise<void> {
  const site = new Site(folder, share);
  await site.open();
  findings.measured['limit of the lane, KiB'] = kib(site.limit);
  await site.hears(OUTAGE_MS * share * FREE_SHARE);
  site.judge('while there was room', findings);
  await site.hears(OUTAGE_MS * share * (1 - FREE_SHARE));
  site.judge('until the end of the outage', findings);
  const { lanes } = await site.journal.state();
  const { alarm, ordinary } = lanes;
  findings.measured['readings thinned'] = ordinary.thinned;
  findings.expect(ordinary.thinned > 0, 'the outage was too short to fill the lane');
  findings.expect(alarm.waiting === site.alarms, `${alarm.waiting} alarms wait of ${site.alarms}`);
  findings.expect(ordinary.waiting + ordinary.thinned === ordinary.newest, 'what neither waits nor was counted as thinned is lost');
  const filledBytes = site.fileBytes();
  await Promise.all([site.settlesAll(), site.hearsAtRate()]);
  site.judge('while all that waited was settled and given back', findings);
  await site.hears((OUTAGE_MS * share) / 8);
  site.judge('afterwards', findings);
  findings.measured['file at the end of the outage, KiB'] = kib(filledBytes);
  findings.measured['file afterwards, KiB'] = kib(site.fileBytes());
  findings.expect(site.fileBytes() <= filledBytes * BEYOND, 'the file was not used again: it grew');
  await site.journal.close();
}

const p99 = (values: number[]) => values.sort((one, other) => one - other)[Math.floor(values.length * 0.99)]!;
const kib = (bytes: number) => Math.round(bytes / 1_024);

/** A journal, what it hears of twenty hydrants, how long its commits take and how large its file gets. */
class Site {
  journal!: Journal;
  alarms = 0;
  readonly limit: number;
  readonly #directory: string;
  readonly #keepRows: number;
  readonly #tookMs: number[] = [];
  /** Time of the processor, all threads of this process: what a busy machine does not stretch. */
  readonly #workMs: number[] = [];
  #largestBytes = 0;
  #wallMs = Date.UTC(2026, 0, 1);
  #heard = 0;
  #isSettled = false;

  constructor(folder: string, share: number) {
    this.#directory = join(folder, 'data');
    this.limit = JOURNAL_ORDINARY_MIB_MIN * 1_024 * 1_024 * share;
    this.#keepRows = JOURNAL_KEEP_ROWS * share;
  }

  async open(): Promise<void> {
    const clock = { ...OPENING.clock, wallMs: () => this.#wallMs };
    const sizes = { ballastBytes: 0, ordinaryBytesMax: this.limit, keepRows: this.#keepRows };
    this.journal = await openJournal({ ...OPENING, directory: this.#directory, clock, sizes });
  }

  fileBytes(): number {
    const path = join(this.#directory, 'ordinary.sqlite');
    return existsSync(path) ? statSync(path).size : 0;
  }

  /** So long of the site's time, as fast as the journal takes it. */
  async hears(ms: number): Promise<void> {
    for (const untilMs = this.#wallMs + ms; this.#wallMs < untilMs; ) await this.#hear();
  }

  /** The same in the machine's time, until everything that waited is settled. */
  async hearsAtRate(): Promise<void> {
    for (; !this.#isSettled; await sleep(RATE_MS)) await this.#hear();
  }

  async #hear(): Promise<void> {
    const readings = Array.from({ length: (POINTS * TOLD_EVERY_MS) / EVERY_MS }, (_, index) => this.#event('reading', index % POINTS));
    const isAlarm = this.#wallMs % ALARM_EVERY_MS < TOLD_EVERY_MS;
    const states = isAlarm ? [this.#event('fire', this.alarms), this.#event('fault', this.alarms)] : [];
    this.alarms += isAlarm ? 1 : 0;
    this.#wallMs += TOLD_EVERY_MS;
    const [startMs, before] = [performance.now(), cpuUsage()];
    await this.journal.append([...readings, ...states]);
    this.#tookMs.push(performance.now() - startMs);
    const { user, system } = cpuUsage(before);
    this.#workMs.push((user + system) / 1_000);
    this.#largestBytes = Math.max(this.#largestBytes, this.fileBytes());
  }

  #event(kind: EventKind, address: number): SiteEvent {
    this.#heard += 1;
    const isReading = kind === 'reading';
    return {
      ...{ id: this.#heard.toString(16).padStart(32, '0'), kind, edge: isReading ? 'momentary' : 'began', source: 'hydrants' },
      time: { ms: this.#wallMs, zoneMinutes: 480, source: 'gateway' },
      part: { systemType: 11, systemAddress: 1, component: { type: 24, address } },
      ...(isReading ? { measured: { quantity: 'pressure-kpa', value: 300 + (this.#heard % 50), quality: 'good' } } : {}),
    };
  }

  /** The link is back: every row is taken and confirmed, the alarm lane first. */
  async settlesAll(): Promise<void> {
    const outbox = this.journal.outbox(OPENING.uplinks[0]!);
    for (const lane of ['alarm', 'ordinary'] as const) {
      const { position } = (await this.journal.state()).lanes[lane];
      for (let after = 0; ; ) {
        const { epoch, rows, last } = await outbox.take(lane, after, 500, 1_000_000, position);
        if (rows.length === 0) break;
        await outbox.settle({ gateway: 'gw-1', epoch, lane, accepted: rows.map(({ number }) => number), rejected: [] });
        after = last;
      }
    }
    this.#isSettled = true;
  }

  /** What commits took since the last time, and how large the file was. */
  judge(when: string, findings: Findings): void {
    findings.measured[`commits ${when}`] = this.#tookMs.length;
    findings.measured[`commit p99 ${when}, ms of the processor`] = Math.round(p99(this.#workMs.splice(0)));
    findings.within(COMMIT_P99_MS, `commit p99 ${when}`, p99(this.#tookMs.splice(0)));
    const largest = this.#largestBytes;
    findings.measured[`largest file ${when}, share of its limit`] = (largest / this.limit).toFixed(3);
    findings.expect(largest <= this.limit * BEYOND, `the file came to ${kib(largest)} KiB ${when}, its limit is ${kib(this.limit)} KiB`);
  }
}
