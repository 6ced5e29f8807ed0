import { join } from 'node:path';
import type { Clock, SiteEvent } from '@fengsui/protocol';
import { clockSynchronisedBy } from './clock.ts';
import type { GatewayConfiguration } from './config.ts';
import { SiteState } from './downlink/site-state.ts';
import { Itself } from './itself.ts';
import { type Journal, type JournalState, JournalWatch, openJournal, sizesOf } from './journal/journal.ts';
import { LATELY_MS } from './limits.ts';
import { recall } from './recall.ts';
import type { Log } from './supervision.ts';
import type { RowName } from './trail.ts';
import { Unwatched } from './unwatched.ts';

export interface KeepingOptions {
  readonly configuration: GatewayConfiguration;
  readonly clock: Clock;
  readonly log: Log;
}

/** What an event about a part of the gateway says. */
export type Says = Pick<SiteEvent, 'edge'> & Partial<SiteEvent>;

/** What is kept: the journal with the gateway's own words in it, and beside it how the site stands. */
export interface Keeping {
  readonly journal: Journal;
  readonly site: SiteState;
  readonly itself: Itself;
  /** When nobody watched, as far as nobody has seen it yet. */
  readonly unwatched: Unwatched;
  /** The journal's state, for what looks at it now and then: at most `LATELY_MS` old. */
  readonly journalState: () => Promise<JournalState>;
  readonly clockSynchronised: () => boolean;
  /** Resolves when the events are durable. `again`: some of them were offered before and may be durable. */
  readonly append: (events: readonly SiteEvent[], again?: boolean) => Promise<unknown>;
  /** Makes an event about a part of the gateway durable. */
  readonly say: (source: string, says: Says) => Promise<unknown>;
  /** The same about the gateway as a whole, apart from how the site stands; resolves with the name of its row. */
  readonly sayApart: (says: Says) => Promise<RowName>;
  /** Tells until the signal aborts what becomes of the journal and of the clock, and lets the journal know that the gateway lives. */
  watch(signal: AbortSignal): Promise<unknown>;
}

/** Opens the journal, and says in it how the run before ended and that this one began. Rejects with a Failure. */
export async function openKeeping({ configuration, clock, log }: KeepingOptions): Promise<Keeping> {
  const { id, address, centre, zoneMinutes, clockSynchronisedFile } = configuration.gateway;
  const { data, profile, uplinks } = configuration;
  const clockSynchronised = clockSynchronisedBy(clockSynchronisedFile);
  const envelope = { source: address, destination: centre, zoneMinutes };
  const sizes = sizesOf(configuration.journal);
  const names = uplinks.map(({ name }) => name);
  const journal = await openJournal({ directory: data, gateway: id, profile, envelope, uplinks: names, clock, clockSynchronised, sizes });
  const site = new SiteState();
  void recall({ journal, site, own: new Set([id, ...names]), clock, log });
  const append: Keeping['append'] = async (events, again = false) => {
    const stored = await journal.append(events, again);
    site.hear(events);
    return stored;
  };
  const itself = new Itself({ id, zoneMinutes, clock, append, log });
  const watch = new JournalWatch();
  const journalState = lately(() => journal.state(), clock);
  const look = async () => watch.news(await journalState(), clock.monotonicMs());
  await itself.journal(await look());
  await itself.started(journal.before);
  const unwatched = await Unwatched.open(journal.before, { file: join(data, 'unwatched.json'), clock, log });
  return {
    ...{ journal, journalState, site, itself, unwatched, clockSynchronised, append },
    say: (source, says) => append([itself.event(source, says)]),
    sayApart: async (says) => (await journal.append([itself.event(id, says)]))[0]!,
    watch: (signal) => Promise.all([itself.watch(() => journal.alive(), signal), itself.watchJournal(look, signal)]),
  };
}

/** Asks once for all who ask within a moment. */
function lately<T>(ask: () => Promise<T>, clock: Clock): () => Promise<T> {
  let last: { readonly askedMs: number; readonly answer: Promise<T> } | null = null;
  return () => {
    if (!last || clock.monotonicMs() - last.askedMs >= LATELY_MS) last = { askedMs: clock.monotonicMs(), answer: ask() };
    return last.answer;
  };
}
