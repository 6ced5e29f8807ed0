import { claimOf, stimulusKey } from '../checker/evidence.ts';
import type { LedgerEvent, Request, Stimulus } from '../checker/records.ts';
import { Tail } from './tail.ts';

/** One event of record, as the collector's interface gives it. */
interface Entry {
  readonly position: number;
  readonly committedMs: number;
  readonly event: LedgerEvent & { readonly id: string; readonly place?: string; readonly time: { readonly ms: number } };
}
type Words = Readonly<Record<string, { readonly en: string; readonly zh: string }>>;

/** What the timeline watches, and where it writes. */
export interface Watched {
  readonly truthPaths: readonly string[];
  readonly municipalPath: string;
  /** Root of the collector's page. */
  readonly page: string;
  readonly print: (line: string) => void;
  readonly colour: boolean;
}

/** Not pushed to the city, and of no interest on a timeline. */
const NOT_PUSHED = ['gateway', 'heartbeat'];
/** What takes longer than this to come is told to be on its way. */
const OVERDUE_MS = 1200;
const PAGE_ROWS = 500;
const URGENT = ['fire', 'first-fire', 'low', 'high', 'gas-alarm', 'electrical-alarm'];

/** Follows every event from the device's first byte to the city, and prints one line for each that has arrived everywhere. */
export class Timeline {
  readonly #watched: Watched;
  readonly #truths: ReadonlyArray<Tail<Stimulus>>;
  readonly #municipal: Tail<Request>;
  readonly #stimuli = new Map<string, Stimulus>();
  readonly #byKey = new Map<string, Stimulus>();
  /** By device and moment: a packet travels with the first of the events it makes. */
  readonly #byMoment = new Map<string, Stimulus>();
  readonly #waiting: Entry[] = [];
  readonly #pushedMs = new Map<string, number>();
  readonly #arrived = new Set<string>();
  readonly #told = new Set<string>();
  #happenings: Readonly<Record<string, Words>> = {};
  #units: Words = {};
  #after = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#truths = watched.truthPaths.map((path) => new Tail<Stimulus>(path));
    this.#municipal = new Tail<Request>(watched.municipalPath);
  }

  async prepare(): Promise<void> {
    const words = (await this.#get('/api/words')) as { happenings: Readonly<Record<string, Words>>; quantities: Words };
    this.#happenings = words.happenings;
    this.#units = words.quantities;
  }

  /** How many things a device has said so far. */
  saidBy(device: string): number {
    return [...this.#stimuli.values()].filter((stimulus) => stimulus.device === device && stimulus.expect !== 'mustNot').length;
  }

  /** Whether everything that was said stands in the ledger, and everything of it that the city is owed has reached it. */
  get settled(): boolean {
    const owed = [...this.#stimuli.values()].filter(({ expect }) => expect === 'must');
    return this.#waiting.length === 0 && owed.every(({ sid }) => this.#arrived.has(sid));
  }

  /** Takes what is new, and prints what is complete. */
  async look(): Promise<void> {
    for (const stimulus of this.#truths.flatMap((tail) => tail.read())) this.#hear(stimulus);
    for (const { id, atMs, answer } of this.#municipal.read())
      if (id && answer === 200 && !this.#pushedMs.has(id)) this.#pushedMs.set(id, atMs);
    const { entries } = (await this.#get(`/api/events?after=${this.#after}&max=${PAGE_ROWS}`)) as { entries: Entry[] };
    for (const entry of entries) this.#take(entry);
    this.#printArrived();
    this.#tellOverdue();
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, this.#watched.page), { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  #hear(stimulus: Stimulus): void {
    const known = this.#stimuli.get(stimulus.sid);
    const whole = known ? { ...stimulus, atMs: known.atMs } : stimulus;
    this.#stimuli.set(stimulus.sid, whole);
    const key = stimulusKey(stimulus.family, stimulus);
    if (key !== null) this.#byKey.set(`${stimulus.device} ${key}`, whole);
  }

  #take(entry: Entry): void {
    this.#after = Math.max(this.#after, entry.position);
    const stimulus = this.#stimulusOf(entry.event);
    if (stimulus) this.#byMoment.set(`${entry.event.source} ${entry.event.receivedMs}`, stimulus);
    if (stimulus) this.#arrived.add(stimulus.sid);
    if (entry.event.kind !== 'gateway') this.#waiting.push(entry);
  }

  /** By the raw packet where the checker's decoders read it, otherwise by the value. */
  #stimulusOf({ source, packetHex, measured, receivedMs }: LedgerEvent): Stimulus | undefined {
    const family = [...this.#stimuli.values()].find(({ device }) => device === source)?.family;
    const claim = family && packetHex ? claimOf(family, packetHex) : null;
    return this.#byKey.get(`${source} ${claim?.key ?? `value ${measured?.value}`}`) ?? this.#byMoment.get(`${source} ${receivedMs}`);
  }

  #printArrived(): void {
    for (const entry of [...this.#waiting]) {
      const pushedMs = this.#pushedMs.get(entry.event.id) ?? null;
      if (pushedMs === null && !NOT_PUSHED.includes(entry.event.kind)) continue;
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      this.#watched.print(this.#lineOf(entry, pushedMs));
    }
  }

  #lineOf({ event, committedMs }: Entry, pushedMs: number | null): string {
    const stimulus = this.#stimulusOf(event);
    const startMs = stimulus?.atMs ?? event.receivedMs ?? event.time.ms;
    const hop = (zh: string, en: string, ms: number | null | undefined) =>
      ms ? ` → ${zh} ${en} +${Math.max(0, Math.round(ms - startMs))}` : '';
    const happening = this.#happenings[event.kind]?.[event.edge] ?? { en: event.kind, zh: event.edge };
    const value =
      typeof event.measured?.value === 'number' ? ` ${event.measured.value} ${this.#units[event.measured.quantity ?? '']?.zh ?? ''}` : '';
    const what = `${happening.zh} ${happening.en}${value}`;
    const hops = `${hop('网关', 'gateway', event.receivedMs)}${hop('总账', 'ledger', committedMs)}${hop('市平台', 'city', pushedMs)} ms`;
    const line = `${clockOf(startMs)}  ${what} · ${event.source}${event.place ? ` ${event.place}` : ''} · 设备 device 0${hops}`;
    if (!this.#watched.colour || event.edge !== 'began') return line;
    return URGENT.includes(event.kind) ? `\u001b[1;31m${line}\u001b[0m` : `\u001b[33m${line}\u001b[0m`;
  }

  #tellOverdue(): void {
    const now = Date.now();
    for (const { sid, device, what, atMs, expect } of this.#stimuli.values()) {
      if (expect !== 'must' || this.#arrived.has(sid) || this.#told.has(sid) || now - atMs < OVERDUE_MS) continue;
      this.#told.add(sid);
      this.#watched.print(
        `${clockOf(atMs)}  … ${device} ${what}: 已存入网关日志,等待链路 · in the gateway's journal, waiting for the link`,
      );
    }
  }
}

function clockOf(ms: number): string {
  const at = new Date(ms);
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
