import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineClock } from '@fengsui/collector/src/clock.ts';
import { Intake, type IntakeOptions } from '@fengsui/collector/src/ingest/intake.ts';
import type { Entry, Ledger } from '@fengsui/collector/src/ledger/ledger.ts';
import { openSqliteLedger } from '@fengsui/collector/src/ledger/sqlite-ledger.ts';
import { initialise, openServerIdentity } from '@fengsui/collector/src/pki/authority.ts';
import { enrol, readRevoked } from '@fengsui/collector/src/pki/enrolment.ts';
import { pkiFiles } from '@fengsui/collector/src/pki/files.ts';
import { type Journal, openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { runUplink, Sent, UplinkNumbers, type UplinkOptions } from '@fengsui/gateway/src/uplink/uplink.ts';
import { type Clock, type EventKind, LANES, type SiteEvent } from '@fengsui/protocol';

export const GATEWAY = 'gw-1';

export const systemTime: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).then(() => {}),
};

/** A clock like it that shows another time. */
export const clockAt = (wallMs: number): Clock => ({ ...systemTime, wallMs: () => wallMs });

let heard = 0;

/** An event; its id counts those of this process, so that their order is known afterwards. */
export function eventOf(kind: EventKind, more: Partial<SiteEvent> = {}): SiteEvent {
  heard += 1;
  return {
    id: heard.toString(16).padStart(32, '0'),
    kind,
    edge: 'began',
    time: { ms: Date.now(), zoneMinutes: 480, source: 'gateway' },
    part: { systemType: 1, systemAddress: 1, component: { type: 42, address: heard } },
    source: 'panel-1',
    ...more,
  };
}

export interface Keys {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A collector as its gateways know it: an authority, the intake, the ledger; it can be stopped and started on its port. */
export class CollectorSite implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'fengsui-links-'));
  ledger!: Ledger;
  intake: Intake | null = null;
  port = 0;
  readonly #more: Partial<IntakeOptions>;
  #enrolled = 0;

  constructor(more: Partial<IntakeOptions> = {}) {
    this.#more = more;
  }

  async open(): Promise<this> {
    await initialise(this.folder, [], machineClock);
    this.ledger = await openSqliteLedger(join(this.folder, 'ledger.sqlite'), machineClock);
    await this.start();
    return this;
  }

  async start(): Promise<void> {
    this.intake = new Intake({
      ...{ host: '127.0.0.1', port: this.port, socketsMax: 100, socketsPerAddressMax: 100 },
      identity: await openServerIdentity(this.folder),
      ledger: this.ledger,
      clock: machineClock,
      revoked: () => readRevoked(pkiFiles(this.folder).revoked),
      orders: { listening: () => {}, receive: async () => {} },
      failed: () => {},
      ...{ zoneMinutes: 480, log: { warn: () => {} } },
      ...this.#more,
    });
    this.port = await this.intake.open();
  }

  async stop(): Promise<void> {
    await this.intake?.close();
    this.intake = null;
  }

  get url(): string {
    return `mqtts://127.0.0.1:${this.port}`;
  }

  /** Makes a gateway's certificate, as at the time of a clock; its files. */
  async enrol(clock: Clock = machineClock): Promise<Keys> {
    const out = join(this.folder, `enrolled-${(this.#enrolled += 1)}`);
    const { authority, certificate, key } = await enrol({ data: this.folder, gateway: GATEWAY, out }, clock);
    return { ca: authority, certificate, key: key! };
  }

  entries(): Promise<readonly Entry[]> {
    return this.ledger.after(0, 2_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.ledger.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function openSiteJournal(
  directory: string,
  clock: Clock = systemTime,
  uplinks: readonly string[] = ['collector'],
): Promise<Journal> {
  return openJournal({
    ...{ directory, profile: 'db36-t1297-2020', uplinks, clock },
    envelope: { source: 3_000_001, destination: 20, zoneMinutes: 480 },
    clockSynchronised: () => false,
    sizes: { ballastBytes: 0 },
  });
}

/** A running uplink of a gateway. */
export interface Carried {
  readonly numbers: UplinkNumbers;
  /** Whether it is lost and why, as told since the start. */
  readonly told: string[];
  stop(): Promise<void>;
}

export type Carrying = Partial<Omit<UplinkOptions, 'configuration'>> & {
  readonly settings?: Partial<UplinkOptions['configuration']>;
  /** What carries: the real thing, or one that is broken on purpose. */
  readonly run?: typeof runUplink;
};

export function carry(journal: Journal, url: string, keys: Partial<Keys>, { settings, run = runUplink, ...more }: Carrying = {}): Carried {
  const numbers = new UplinkNumbers();
  const stop = new AbortController();
  const told: string[] = [];
  const waits = { keepaliveS: 20, reconnectMinMs: 50, reconnectMaxMs: 300, receiptTimeoutMs: 10_000 };
  const running = run({
    ...{ name: 'collector', gateway: GATEWAY, instance: randomUUID(), outbox: journal.outbox('collector') },
    ...{ clock: systemTime, numbers, random: Math.random },
    orders: { hear: async () => {}, listen: () => () => {}, receiptOf: () => new Uint8Array() },
    configuration: { name: 'collector', kind: 'mqtt', url, ...keys, ...waits, ...settings },
    outage: { lost: (why) => told.push(`lost ${why}`), returned: () => told.push('returned') },
    sentOverAll: new Sent(),
    signal: stop.signal,
    ...more,
  });
  return {
    numbers,
    told,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

/** Rows that wait, over both lanes. */
export async function waiting(journal: Journal): Promise<number> {
  const { lanes } = await journal.state();
  return LANES.reduce((sum, lane) => sum + lanes[lane].waiting, 0);
}
