import { randomUUID } from 'node:crypto';
import { type Clock, Failure, type GatewayNote, localTime, type SiteEvent } from '@fengsui/protocol';
import { untilTick } from './clock.ts';
import * as limits from './limits.ts';
import type { Log } from './supervision.ts';

export interface ItselfOptions {
  readonly id: string;
  readonly zoneMinutes: number;
  readonly clock: Clock;
  /** `again`: some were offered before and may be durable. */
  readonly append: (events: readonly SiteEvent[], again?: boolean) => Promise<unknown>;
  readonly log: Log;
}

/** How the run before ended, as the journal remembers it. */
export interface RunBefore {
  readonly aliveMs: number;
  readonly note: GatewayNote | null;
}

/** A word about the gateway, or about the part of it that `source` names. */
export type News = Pick<SiteEvent, 'edge'> & { readonly note: GatewayNote; readonly text: string; readonly source?: string };

/** What the gateway says of itself, in the journal like everything else. */
export class Itself {
  readonly #options: ItselfOptions;
  /** Words that the journal could not take yet, oldest first, and why. */
  #untold: readonly SiteEvent[] = [];
  #untoldWhy: string | null = null;

  constructor(options: ItselfOptions) {
    this.#options = options;
  }

  /** Says that it runs again and how long it was blind: with the start after an orderly stop, otherwise before it as a crash. */
  async started(before: RunBefore | null): Promise<void> {
    const { id, log } = this.#options;
    const started = { note: 'started', edge: 'momentary' } as const;
    if (before === null) return this.#tell([this.event(id, started)]);
    const text = this.#blindSince(before.aliveMs);
    if (before.note === 'stopped') {
      log.info({ ...before }, text);
      return this.#tell([this.event(id, { ...started, text })]);
    }
    log.warn({ ...before }, `the run before did not stop in order: ${text}`);
    await this.#tell([this.event(id, { note: 'crashed', edge: 'momentary', text }), this.event(id, started)]);
  }

  #blindSince(aliveMs: number): string {
    const { zoneMinutes, clock } = this.#options;
    const [from, to] = [aliveMs, clock.wallMs()].map((ms) => localSecond(ms, zoneMinutes));
    return `blind ${from} to ${to}; 失明时段 ${from} 至 ${to}`;
  }

  async stopped(): Promise<void> {
    await this.#tell([this.event(this.#options.id, { note: 'stopped', edge: 'momentary' })]);
  }

  /** Datagrams for a line were dropped on this machine. */
  dropped(line: string, text: string): Promise<unknown> {
    return this.#options.append([this.event(line, { note: 'datagrams-dropped', edge: 'momentary', text })]);
  }

  /** A link of the gateway itself was lost, or is back. */
  link(source: string, edge: 'began' | 'ended', why: string): Promise<unknown> {
    if (edge === 'began') this.#options.log.warn({ source }, `link lost: ${why}`);
    else this.#options.log.info({ source }, 'link there');
    return this.#options.append([{ ...this.event(source, { edge, ...(why === '' ? {} : { text: why }) }), kind: 'link' }]);
  }

  /** News of the journal, room on its volume included. */
  async journal(news: readonly News[]): Promise<void> {
    const { id, log } = this.#options;
    for (const { note, text } of news) log.warn({ note }, `journal: ${text}`);
    await this.#tell(news.map(({ source = id, ...each }) => this.event(source, each)));
  }

  /** Makes words durable, those that could not be told before in front. A gateway that cannot tell of itself still hears and carries alarms. */
  async #tell(events: readonly SiteEvent[]): Promise<void> {
    const { append, log } = this.#options;
    const words = [...this.#untold, ...events].slice(-limits.JOURNAL_NEWS_MAX);
    if (words.length === 0) return;
    try {
      await append(words, this.#untold.length > 0);
      this.#untold = [];
      this.#untoldWhy = null;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (this.#untoldWhy !== error.message) log.warn({ code: error.code }, `what the gateway says of itself waits: ${error.message}`);
      this.#untold = words;
      this.#untoldWhy = error.message;
    }
  }

  /** Looks for news of the journal until the signal aborts. What the journal cannot take is told with the next look. */
  async watchJournal(look: () => Promise<readonly News[]>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await untilTick(clock, limits.JOURNAL_NEWS_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        await this.journal(await look());
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        log.warn({ code: error.code }, error.message);
      }
    }
  }

  /** Tells until the signal aborts when the wall clock steps, and lets `alive` know now and then that the gateway lives. */
  async watch(alive: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let offsetMs = clock.wallMs() - clock.monotonicMs();
    let aliveMs = clock.monotonicMs();
    while (!signal.aborted) {
      await untilTick(clock, limits.WATCH_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        const steppedMs = clock.wallMs() - clock.monotonicMs() - offsetMs;
        if (Math.abs(steppedMs) > limits.CLOCK_STEP_MS) await this.#clockStepped(steppedMs);
        offsetMs += steppedMs;
        if (clock.monotonicMs() - aliveMs < limits.ALIVE_EVERY_MS) continue;
        aliveMs = clock.monotonicMs();
        await alive();
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        log.warn({ code: error.code }, error.message);
      }
    }
  }

  /** An event about the gateway or a part of it: system type 0 and address 0 stand for the gateway itself. */
  event(source: string, more: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>): SiteEvent {
    const { clock, zoneMinutes } = this.#options;
    const nowMs = Math.round(clock.wallMs());
    return {
      id: randomUUID().replaceAll('-', ''),
      kind: 'gateway',
      time: { ms: nowMs, zoneMinutes, source: 'gateway' },
      receivedMs: nowMs,
      part: { systemType: 0, systemAddress: 0 },
      source,
      ...more,
    };
  }

  async #clockStepped(steppedMs: number): Promise<void> {
    const { id, append, log } = this.#options;
    const text = `${steppedMs > 0 ? '+' : ''}${Math.round(steppedMs)} ms`;
    log.warn({ steppedMs }, `the wall clock stepped by ${text}`);
    await append([this.event(id, { note: 'clock-stepped', edge: 'momentary', text })]);
  }
}

/** `2026-11-29 09:10:33`, as people on site read their clocks. */
function localSecond(ms: number, zoneMinutes: number): string {
  return localTime(ms, zoneMinutes).slice(0, 19).replace('T', ' ');
}
