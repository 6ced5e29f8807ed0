import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { check, isGood, type Verdict } from '../checker/check.ts';
import { readLedger, readRequests, readTruth } from '../checker/records.ts';
import { type Child, Children } from '../demo/children.ts';
import { Detectors } from './detectors.ts';

const SIM = 'simulators/src/cli.ts';
const COLLECTOR = 'collector/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';
const ID = 'gw-drill';
/** What the gateway's configuration says of itself. */
export const HEAD = { id: ID, address: 3_000_001, centre: 20, zoneMinutes: 480 };
/** The machine may be busy with others: what must come, comes within this. */
const WITHIN_MS = 180_000;

export interface RigOptions {
  readonly seed: number;
  /** Fire alarm panels, each on a line of its own. */
  readonly panels: number;
  /** Smoke detectors that speak by CoAP, on one line. */
  readonly detectors?: number;
  /** Further lines. */
  readonly lines?: readonly object[];
  /** What else of the gateway's configuration is another. */
  readonly more?: object;
  readonly uplink?: object;
  /** More in the collector's environment. */
  readonly collectorEnvironment?: (rig: Rig) => Record<string, string>;
}

/** A whole system in one folder: panels on real wires, gateway and collector with their certificates, the municipal platform. */
export class Rig implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'fengsui-drill-'));
  readonly children: Children;
  readonly panels: Child[] = [];
  readonly detectors: Detectors;
  /** More in the gateway's environment from its next start on. */
  environment: Record<string, string> = {};
  gateway!: Child;
  collector!: Child;
  page = '';
  /** Where the gateway looks for its collector. */
  intakePort = 0;
  #detectorLines: readonly object[] = [];
  readonly #options: RigOptions;
  readonly #next = new Map<number, number>();
  /** Each process is waited for once, however many ask. */
  readonly #ends = new WeakMap<Child['process'], Promise<unknown>>();

  private constructor(options: RigOptions) {
    this.#options = options;
    this.detectors = new Detectors(options.detectors ?? 0);
    for (const name of ['logs', 'data']) mkdirSync(join(this.folder, name));
    this.children = new Children(join(this.folder, 'logs'), () => {}); // being ended is part of the drills
  }

  /** Everything runs when it resolves, the gateway excepted. */
  static async start(options: RigOptions): Promise<Rig> {
    const rig = new Rig(options);
    try {
      await rig.#startCloud();
      await rig.#startPanels();
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  #truthOf(name: string): string {
    return this.path(`${name}.truth`);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async #startCloud(): Promise<void> {
    const { children } = this;
    writeFileSync(this.path('municipal.token'), 'drill-token\n', { mode: 0o600 });
    const municipal = ['--log', this.path('municipal.jsonl'), '--token-file', this.path('municipal.token'), '--with-parent'];
    const data = this.path('collector');
    const [city] = await Promise.all([
      children.start('municipal', SIM, 'municipal', ...municipal),
      children.run('init', COLLECTOR, 'init', '--data', data, '--host', '127.0.0.1'),
    ]);
    await children.run('enrol', COLLECTOR, 'enrol', '--data', data, '--gateway', ID, '--out', this.path('enrolled'));
    const settings = {
      collector: { operator: 'DRILL', zoneMinutes: 480 },
      data,
      intake: { host: '127.0.0.1', port: 0 },
      http: { host: '127.0.0.1', port: 0 },
      municipal: { url: city.ready['url'], tokenFile: './municipal.token', allowPrivateAddress: true, timeoutMs: 5_000 },
      log: { level: 'info' },
    };
    writeFileSync(this.path('collector.yaml'), stringify(settings));
    const environment = this.#options.collectorEnvironment?.(this) ?? {};
    const run = ['run', '--with-parent', '--config', this.path('collector.yaml')];
    this.collector = await children.startIn(environment, 'collector', COLLECTOR, ...run);
    this.page = this.collector.ready['page']!;
    this.intakePort = Number(new URL(this.collector.ready['intake']!).port);
  }

  async #startPanels(): Promise<void> {
    const { seed, panels } = this.#options;
    for (let index = 0; index < panels; index++) {
      const name = `panel-${index}`;
      const what = ['--name', name, '--family', 'jbf-193k', '--wire', 'tcp:127.0.0.1:0', '--truth', this.#truthOf(name)];
      const how = ['--seed', String(seed + index), '--live', '--with-parent'];
      this.panels.push(await this.children.start(name, SIM, 'device', ...what, ...how));
    }
    this.#detectorLines = await this.detectors.lines();
    this.writeGateway();
  }

  /** Writes the gateway's configuration; `more` of it may change between starts. */
  writeGateway(more: object = this.#options.more ?? {}): void {
    const file = (name: string) => `./enrolled/${name}`;
    const keys = { ca: file('ca.pem'), certificate: file(`${ID}.pem`), key: file(`${ID}.key`) };
    const uplink = { name: 'collector', kind: 'mqtt', url: `mqtts://127.0.0.1:${this.intakePort}`, ...keys, ...this.#options.uplink };
    const lines = this.panels.map(({ ready }, index) => {
      const [host, wirePort] = ready['wire']!.split(':');
      return {
        name: `line-${index}`,
        wire: { kind: 'tcp', host, port: Number(wirePort) },
        devices: [{ name: `panel-${index}`, family: 'jbf-193k', silenceMs: 3_600_000 }],
      };
    });
    const head = { gateway: HEAD, data: './data', profile: 'db36-t1297-2020' };
    writeFileSync(
      this.path('gateway.yaml'),
      stringify({
        ...head,
        uplinks: [uplink],
        lines: [...lines, ...this.#detectorLines, ...(this.#options.lines ?? [])],
        log: { level: 'info' },
        ...more,
      }),
    );
  }

  async startGateway(): Promise<void> {
    this.gateway = await this.children.startIn(this.environment, 'gateway', GATEWAY, 'run', '--config', this.path('gateway.yaml'));
    const { process: child } = this.gateway;
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    await this.until('every line open', async () => isOver() || (await this.status()).lines.every(({ state }) => state === 'open'));
    if (isOver()) throw new Error('the gateway ended before every line was open');
    await this.detectors.start(this.children, this.#options.seed, (name) => this.#truthOf(name));
  }

  async status(): Promise<{
    readonly lines: ReadonlyArray<{
      readonly name: string;
      readonly state: string;
      readonly at: string;
      readonly opened: number;
      readonly crashes: number;
      readonly unheard: Record<string, number>;
      readonly noise: ReadonlyArray<{ readonly why: string; readonly hex: string }>;
    }>;
    readonly uplinks: ReadonlyArray<{ readonly connections: number; readonly state: string }>;
    readonly journal: { readonly lanes: Record<'alarm' | 'ordinary', { readonly waiting: number; readonly thinned: number }> };
    readonly gateway: { readonly clockSynchronised: boolean };
    readonly duty: object | null;
    /** The code of each and where it is: a line, a device, an uplink, or empty. */
    readonly troubles: ReadonlyArray<{ readonly code: string; readonly where: string }>;
  }> {
    const answer = await fetch(`${this.gateway.ready['status']}/status`, { signal: AbortSignal.timeout(10_000) });
    return (await answer.json()) as Awaited<ReturnType<Rig['status']>>;
  }

  /** What the collector has, and what came to it again although it had it. */
  async collected(): Promise<{ readonly entries: number; readonly repeated: number }> {
    const answer = await fetch(new URL('/api/status', this.page), { signal: AbortSignal.timeout(10_000) });
    return (await answer.json()) as { entries: number; repeated: number };
  }

  /** The panel says fire at its next point. */
  fire(panel: number, count = 1): void {
    for (let said = 0; said < count; said++) {
      const point = (this.#next.get(panel) ?? 0) + 1;
      this.#next.set(panel, point);
      this.panels[panel]!.tell({
        say: { what: 'fire', address: { controller: 1, loop: 1 + Math.floor(point / 200), point: 1 + (point % 200) } },
      });
    }
  }

  signal(signal: NodeJS.Signals, who: Child = this.gateway): void {
    who.process.kill(signal);
  }

  /** Ends the gateway; resolves with how long that took and its exit code. */
  async end(signal: NodeJS.Signals): Promise<{ readonly ms: number; readonly code: number | null }> {
    const startMs = performance.now();
    const gone = this.gone();
    this.signal(signal);
    return { code: await gone, ms: Math.round(performance.now() - startMs) };
  }

  /** Resolves with the exit code when the gateway has ended. */
  async gone(): Promise<number | null> {
    const { process: child } = this.gateway;
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (!isOver && !this.#ends.has(child)) this.#ends.set(child, once(child, 'exit'));
    await this.#ends.get(child);
    return child.exitCode;
  }

  /** Everything in the ledger, as the checker reads it. */
  ledger() {
    return readLedger(this.path('collector', 'ledger.sqlite'));
  }

  /** What the gateway said of itself, by note, as far as it is in the ledger. */
  said(note: string): Array<{ readonly edge: string; readonly source: string; readonly text?: string }> {
    const rows = this.ledger().rows.map(({ event }) => event as unknown as { note?: string; edge: string; source: string; text?: string });
    return rows.filter((event) => event.note === note);
  }

  verdict(): Verdict {
    const names = [...this.panels.map(({ name }) => name), ...this.detectors.names];
    const truths = names.map((name) => this.#truthOf(name)).filter((path) => existsSync(path));
    return check({ stimuli: readTruth(truths), ...this.ledger(), requests: readRequests(this.path('municipal.jsonl')), outages: [] });
  }

  /** Waits until all that was said has arrived, and answers every complaint of the checker. */
  async settled(said: number): Promise<string[]> {
    await this.until(`${said} stimuli in the ledger and on to the city`, async () => {
      const verdict = this.verdict();
      // Beside what was said, the ledger has what the gateway says of its links: that too is on its way to the city.
      return verdict.stimuli >= said && verdict.municipal >= verdict.stimuli && isGood(verdict);
    }).catch(() => {}); // the checker says what is missing
    const verdict = this.verdict();
    if (isGood(verdict)) return [];
    const { lost, gaps, duplicated, outOfOrder, phantoms, falsified } = verdict;
    return Object.entries({ lost, gaps, duplicated, outOfOrder, phantoms, falsified }).flatMap(([what, all]) =>
      all.slice(0, 5).map((one) => `${what}: ${one}`),
    );
  }

  /** Waits for a condition with a generous deadline. */
  async until(what: string, holds: () => Promise<boolean> | boolean, withinMs = WITHIN_MS): Promise<number> {
    const startMs = performance.now();
    for (;;) {
      if (await Promise.resolve(holds()).catch(() => false)) return Math.round(performance.now() - startMs);
      if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}\n${this.#tail()}`);
      await sleep(50);
    }
  }

  #tail(): string {
    const log = this.path('logs', 'gateway.log');
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-8).join('\n') : '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.gateway, this.collector]) if (child) this.signal('SIGCONT', child);
    await this.children.stopAll();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
