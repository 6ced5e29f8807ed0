import type { Clock } from '@fengsui/protocol';
import type { Narrowed } from '@fengsui/protocol/settings-narrowed';
import type { GatewayConfiguration } from './config.ts';
import { warnOfExperiments } from './experiments.ts';
import { openHearing } from './hearing.ts';
import { type Keeping, openKeeping } from './keeping.ts';
import { FINISH_WITHIN_MS } from './limits.ts';
import { type Again, factsOf, type Ordering, openOrdering } from './ordering.ts';
import { within } from './pulse.ts';
import { roundTrip } from './round-trip.ts';
import { Sending } from './sending.ts';
import { openShowing } from './showing.ts';
import { statusOf, summaryOf } from './status.ts';
import type { Log } from './supervision.ts';
import { openWatching } from './watching.ts';

export interface Gateway {
  /** Address of the status page. */
  readonly status: string;
  /** Address of the installer's page; null while there is none. */
  readonly page: string | null;
  /** Goes once through every line, the journal's thread and its disk, and reads back: what an alarm needs to become durable. */
  roundTrip(): Promise<void>;
  /** Resolves when an order wants the gateway to be stopped and started anew. */
  readonly again: Promise<Again>;
  /** Says in the journal, if that still works, why the program is about to end. */
  lastWord(text: string): Promise<unknown>;
  /** Stops in order: nothing new is heard, what was heard is durable, the last word is that it stopped. */
  stop(): Promise<void>;
}

export interface Surroundings {
  /** What this process calls itself, as no other does: one gateway after the other in it is one box. */
  readonly instance: string;
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** The last lines of the log, oldest first. */
  readonly logLines: () => readonly string[];
  /** The file of the configuration: a pushed one takes its place. */
  readonly file: string;
  /** Values of that file that an earlier version permitted. */
  readonly narrowed: readonly Narrowed[];
}

/** Puts the stages of the line together and sets them going. Rejects with a Failure when the journal or the status page cannot be opened. */
export async function startGateway(configuration: GatewayConfiguration, surroundings: Surroundings): Promise<Gateway> {
  warnOfExperiments(configuration, surroundings.log);
  for (const { path, wrote, inForce, line } of surroundings.narrowed) surroundings.log.warn({ path, wrote, inForce }, line);
  const keeping = await openKeeping({ configuration, ...surroundings });
  try {
    return await start(configuration, surroundings, keeping);
  } catch (failure) {
    await keeping.journal.close();
    throw failure;
  }
}

/** What is heard, what is sent, what looks after itself, what takes orders, what people are shown; all of it around what is kept. */
async function start(configuration: GatewayConfiguration, surroundings: Surroundings, keeping: Keeping): Promise<Gateway> {
  const { clock, narrowed } = surroundings;
  const { journal, say, clockSynchronised, unwatched } = keeping;
  const { gateway, profile } = configuration;
  const stopping = new AbortController();
  const { signal } = stopping;
  const again = Promise.withResolvers<Again>();
  const parts = { configuration, ...surroundings, ...keeping, keeping, signal };

  const hearing = await openHearing(parts);
  const { lines } = hearing;
  const sending = new Sending(parts);
  const { uplinks } = sending;
  const watching = await openWatching({ ...parts, lines, uplinks: uplinks.all });
  const started = { id: gateway.id, profile, startedMs: Math.round(clock.wallMs()) };
  const sources = { ...started, narrowed, clock, clockSynchronised, journal, uplinks: uplinks.all, lines, unwatched, ...watching };
  const status = () => statusOf({ ...sources, orders: ordering.downlink.numbers, duty: ordering.duty.waiting() });
  const ordering: Ordering = await openOrdering({
    ...{ ...parts, ...hearing, boot: journal.boot, again: again.resolve },
    say: (says) => say(gateway.id, says),
    status: async () => summaryOf(await status()),
    facts: () => factsOf(watching.troubles, uplinks.all, lines),
    isUplinkBack: (origin) => uplinks.isBack(origin),
  });
  const { page, installer } = await openShowing({ ...parts, hearing, sending, status, duty: ordering.duty });

  ordering.downlink.resume();
  sending.begin(ordering.downlink);
  const going = [keeping.watch(signal), watching.troubles.watch(signal), hearing.run()];
  return {
    status: page.url,
    get page() {
      return installer.url;
    },
    again: again.promise,
    roundTrip: () => roundTrip({ lines, clock, uplinks, journal }),
    lastWord: (text) => say(gateway.id, { note: 'program-failed', edge: 'momentary', text }),
    async stop() {
      stopping.abort();
      const how = await within(clock, Promise.all([...going, ordering.close(), installer.close()]), FINISH_WITHIN_MS);
      if (how === 'late') surroundings.log.error({}, 'a line, an order or the page does not let go');
      await keeping.itself.stopped();
      await sending.end();
      await page.close();
      watching.close();
      await journal.close();
    },
  };
}
