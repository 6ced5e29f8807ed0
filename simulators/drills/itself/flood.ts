import { setTimeout as sleep } from 'node:timers/promises';
import { BACKLOG_SOURCE, backlogOf } from './backlog.ts';
import { askPage, logIn, writePin } from './box-page.ts';
import { addressOf, doorFor, firesOf, portOf } from './door.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';
import { fireFrom, Transmitter } from './transmitter.ts';

const READINGS = 10_000;
const TRANSMITTERS = 4;
/** P6: 99 of 100 alarms of a flood are in the ledger within this. */
const P99_WITHIN_MS = 2_000;
/** A page that answers later is not used by anybody. */
const PAGE_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 1_000;

/** One after the other: 200 alarms in a second upon the backlog; alarms of detectors by CoAP; a whole building, as long as people must look at it. */
const LONG = { burst: { alarms: 200, overMs: 1_000 }, detectors: 20, overMs: 60_000, building: { alarms: 6_000, overMs: 300_000 } };
const SHORT = { burst: { alarms: 200, overMs: 1_000 }, detectors: 1, overMs: 1_000, building: { alarms: 100, overMs: 5_000 } };

/** E25: floods of alarms on top of 10,000 readings that wait. Alarms pass them; nothing is lost; pages answer. The long form, which has the machine to itself, judges P6. */
export const experiment: Experiment = {
  words: { en: 'flood: 200 alarms in a second, 20 by CoAP in a minute, a whole building for five minutes', zh: '告警洪峰叠加积压' },
  async run(seed, isLong) {
    const findings = new Findings(isLong);
    const { burst, detectors, overMs, building } = isLong ? LONG : SHORT;
    const { line, sources } = doorFor(TRANSMITTERS);
    await using rig = await Rig.start({ seed, panels: 0, detectors, lines: [line], more: { page: { port: 0 } } });
    await backlogOf(READINGS, rig.path('data'));
    await writePin(rig);
    await rig.startGateway();
    const flood = new Flood(rig, sources, await portOf(rig), findings);
    await rig.until('the uplink is there', async () => (await rig.status()).uplinks[0]!.state === 'up');
    const startMs = performance.now();
    await flood.says('of 200 in a second', burst.alarms, burst.overMs);
    findings.measured['readings that waited when the last alarm of a burst was there'] = await waiting(rig);
    await flood.smokes('of detectors', detectors, overMs);
    await flood.says('of a whole building', building.alarms, building.overMs);
    await rig.until('every reading', async () => (await waiting(rig)) === 0, 300_000);
    findings.measured['backlog drained after, ms'] = Math.round(performance.now() - startMs);
    flood.judge(detectors);
    return findings.outcome();
  },
};

const waiting = async (rig: Rig) => (await rig.status()).journal.lanes.ordinary.waiting;

/** Transmission devices that say alarms, and when each was said. */
class Flood {
  readonly #rig: Rig;
  readonly #findings: Findings;
  readonly #devices: ReadonlyArray<{ readonly source: number; readonly device: Transmitter }>;
  #said = 0;

  constructor(rig: Rig, sources: readonly number[], port: number, findings: Findings) {
    this.#rig = rig;
    this.#findings = findings;
    this.#devices = sources.map((source) => ({ source, device: new Transmitter(port) }));
  }

  /** So many alarms, evenly over so long, while people look at the pages; how long each took is judged once all are there. */
  async says(what: string, alarms: number, overMs: number): Promise<void> {
    const saidMs = new Map<number, number>();
    const [startMs, before] = [performance.now(), this.#said];
    using _ = await looking(this.#rig, this.#findings);
    for (; this.#said - before < alarms; await sleep((overMs * TRANSMITTERS) / alarms)) {
      const due = Math.min(alarms, Math.ceil(((performance.now() - startMs) / overMs) * alarms));
      while (this.#said - before < due) saidMs.set(this.#say(), Date.now());
    }
    const arrived = () => firesOf(this.#rig).filter((row) => row.event.source.startsWith('utd-') && saidMs.has(addressOf(row)));
    await this.#rig.until(`every alarm ${what}`, () => arrived().length >= alarms);
    this.#judge(
      what,
      arrived().map((row) => row.committedMs - saidMs.get(addressOf(row))!),
    );
  }

  /** Every detector says fire, one after the other over so long. */
  async smokes(what: string, detectors: number, overMs: number): Promise<void> {
    const saidMs = new Map<string, number>();
    for (let index = 0; index < detectors; index++) {
      saidMs.set(`smoke-${index}`, Date.now());
      this.#rig.detectors.fire(index);
      await sleep(overMs / detectors);
    }
    const arrived = () => firesOf(this.#rig).filter(({ event }) => saidMs.has(event.source));
    await this.#rig.until(`every alarm ${what}`, () => arrived().length >= detectors);
    this.#judge(
      what,
      arrived().map(({ committedMs, event }) => committedMs - saidMs.get(event.source)!),
    );
  }

  /** Every alarm was confirmed to its sender and is in the ledger once, every reading too, in order. */
  judge(detectors: number): void {
    const [rig, findings] = [this.#rig, this.#findings];
    const confirmed = this.#devices.reduce((sum, { device }) => sum + device.confirmed.size, 0);
    findings.expect(confirmed === this.#said, `${confirmed} of ${this.#said} alarms were confirmed to their senders`);
    const alarms = firesOf(rig).length;
    findings.expect(alarms === this.#said + detectors, `${alarms} alarms in the ledger of ${this.#said + detectors}`);
    const readings = rig.ledger().rows.filter(({ event }) => event.kind === 'reading' && event.source === BACKLOG_SOURCE).length;
    findings.expect(readings === READINGS, `${readings} readings in the ledger of ${READINGS}`);
    const { gaps, duplicated, outOfOrder } = rig.verdict();
    findings.complaints.push(...[...gaps, ...duplicated, ...outOfOrder].slice(0, 10));
  }

  /** Answers the address of an alarm, which no other has. */
  #say(): number {
    const { source, device } = this.#devices[this.#said % this.#devices.length]!;
    this.#said += 1;
    device.send(fireFrom(source, this.#said, this.#said));
    return this.#said;
  }

  #judge(what: string, latencies: number[]): void {
    const sorted = latencies.sort((one, other) => one - other);
    this.#findings.measured[`alarms ${what}`] = sorted.length;
    this.#findings.measured[`alarm p50 ${what}, ms`] = sorted[Math.floor(sorted.length * 0.5)]!;
    this.#findings.within(P99_WITHIN_MS, `alarm p99 ${what}`, sorted[Math.floor(sorted.length * 0.99)]!);
  }
}

/** Looks at the page of the box and at that of the collector again and again, until it is disposed of. */
async function looking(rig: Rig, findings: Findings): Promise<Disposable> {
  const cookie = await logIn(rig);
  let isUnderway = false;
  const look = async () => {
    if (isUnderway) return;
    isUnderway = true;
    const startMs = performance.now();
    await askPage(rig, 'GET', '/api/stream', cookie).finally(() => (isUnderway = false));
    findings.within(PAGE_WITHIN_MS, "slowest answer of the installer's page", performance.now() - startMs);
    const askedMs = performance.now();
    const answer = await fetch(new URL('/api/incidents', rig.page), { signal: AbortSignal.timeout(30_000) });
    findings.expect(answer.ok, `the collector's page answered ${answer.status}`);
    await answer.arrayBuffer();
    findings.within(PAGE_WITHIN_MS, "slowest answer of the collector's page", performance.now() - askedMs);
  };
  let isOver = false;
  const failed = (error: Error) => findings.expect(isOver, `a page did not answer: ${error.message}`);
  const timer = setInterval(() => void look().catch(failed), LOOK_EVERY_MS);
  const stop = () => {
    isOver = true;
    clearInterval(timer);
  };
  return { [Symbol.dispose]: stop };
}
