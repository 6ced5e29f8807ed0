import { randomUUID } from 'node:crypto';
import type { Clock, SiteEvent } from '@fengsui/protocol';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import { clockSynchronisedBy } from './clock.ts';
import type { GatewayConfiguration } from './config.ts';
import { DeviceReads } from './device-reads.ts';
import { SiteState } from './downlink/site-state.ts';
import { warnOfExperiments } from './experiments.ts';
import { fail } from './failures.ts';
import { openStatusPage, ProcessNumbers } from './health.ts';
import { holdPage } from './installer-page.ts';
import { Itself } from './itself.ts';
import { JournalWatch, openJournal, sizesOf } from './journal/journal.ts';
import { KnownEvents } from './known-events.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { buildLines } from './lines.ts';
import { metricsOf } from './metrics-table.ts';
import { type Again, dutyAnswer, type Ordering, openOrdering } from './ordering.ts';
import { withoutPulse } from './pulse.ts';
import { statusOf, summaryOf } from './status.ts';
import { type Log, superviseLine } from './supervise.ts';
import { Taps } from './taps.ts';
import { Trail } from './trail.ts';
import { Uplinks } from './uplinks.ts';
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
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** The last lines of the log, oldest first. */
  readonly logLines: () => readonly string[];
  /** The file of the configuration: a pushed one takes its place. */
  readonly file: string;
}

/** Puts the stages of the line together and sets them going. Rejects with a Failure when the journal or the status page cannot be opened. */
export async function startGateway(configuration: GatewayConfiguration, surroundings: Surroundings): Promise<Gateway> {
  const { clock, random, log, file, logLines } = surroundings;
  const { id, address, centre, zoneMinutes, clockSynchronisedFile } = configuration.gateway;
  const { data, profile, status } = configuration;
  const clockSynchronised = clockSynchronisedBy(clockSynchronisedFile);
  const envelope = { source: address, destination: centre, zoneMinutes };
  const sizes = sizesOf(configuration.journal);
  const names = configuration.uplinks.map(({ name }) => name);
  const journal = await openJournal({ directory: data, profile, envelope, uplinks: names, clock, clockSynchronised, sizes });
  const site = new SiteState();
  const append = async (events: readonly SiteEvent[], again = false) => {
    const stored = await journal.append(events, again);
    site.hear(events);
    return stored;
  };
  const itself = new Itself({ id, zoneMinutes, clock, append, log });
  const closed = async (failure: unknown): Promise<never> => {
    await journal.close();
    throw failure;
  };
  const watch = new JournalWatch();
  const look = async () => watch.news(await journal.state(), clock.monotonicMs());
  await itself.journal(await look());
  await itself.started(journal.before);

  const hearing = new AbortController();
  const sending = new AbortController();
  const devices = configuration.lines.flatMap((line) => line.devices);
  const newEventId = () => randomUUID().replaceAll('-', '');
  warnOfExperiments(configuration, log);
  const known = await KnownEvents.of(journal, { clock, newEventId, onCopies: site.hear.bind(site) }).catch(closed);
  const reading = createNormalizer({ devices, zoneMinutes, newEventId, clock, onMeasured: site.measure.bind(site) });
  const taps = new Taps(configuration.lines, data, clock, hearing.signal);
  const lines = configuration.lines
    .flatMap((line) => buildLines({ ...configuration, lines: [line] }, clock, taps.wires(line.name), known))
    .map((line) => ({ line, numbers: new LineNumbers(clock.wallMs()) }));
  const trail = new Trail(clock);
  const uplinks: Uplinks = new Uplinks({
    configuration,
    clock,
    random,
    itself,
    outbox: (name) => trail.outbox(name, journal.outbox(name), () => uplinks.sendsAtOnce(name)),
  });
  const numbers = new ProcessNumbers();
  const say = (source: string, more: Parameters<Itself['event']>[1]) => append([itself.event(source, more)]);
  const watching = await openWatching({ configuration, clock, clockSynchronised, journal, lines, say, log });
  const startedMs = Math.round(clock.wallMs());
  const sources = {
    id,
    profile,
    clock,
    clockSynchronised,
    startedMs,
    journal,
    uplinks: uplinks.all,
    lines,
    process: numbers,
    ...watching,
  };
  const deviceReads = new DeviceReads(
    lines.map(({ line }) => line),
    clock,
    hearing.signal,
  );
  const again = Promise.withResolvers<Again>();
  const ordering: Ordering = await openOrdering({
    ...{ configuration, file, clock, clockSynchronised, log, boot: journal.boot, site, taps, deviceReads, again: again.resolve },
    say: (more) => say(id, more),
    status: async (): Promise<object> => summaryOf(await show()),
    facts: () => ({
      mainPowerFault: watching.troubles.isStanding('main-power'),
      backupPowerFault: watching.troubles.isStanding('backup-power'),
      channelFault: uplinks.all.some(({ numbers }) => numbers.state !== 'up'),
      lineFault: lines.some(({ numbers }) => numbers.state !== 'open'),
    }),
    isUplinkBack: (origin) => uplinks.isBack(origin),
    signal: hearing.signal,
  }).catch(closed);
  const { downlink, duty } = ordering;
  const show = () => statusOf({ ...sources, orders: downlink.numbers, duty: duty.waiting() });
  const told = { '/duty-answer': dutyAnswer(duty) };
  const pageTrouble = (error: Error) => log.warn({ code: 'status-listen' }, error.message);
  const page = await openStatusPage({
    ...status,
    status: show,
    metrics: async () => metricsOf(await show()),
    told,
    trouble: pageTrouble,
  }).catch(closed);
  const installer = await holdPage({
    ...{ configuration, clock, log, logLines, site, taps, trail, status: show, answerDuty: dutyAnswer(duty), signal: hearing.signal },
    lines: lines.map(({ line }) => line),
    say: async (more) => (await journal.append([itself.event(id, more)]))[0]!,
  });
  downlink.resume();

  const carried = uplinks.run(downlink, sending.signal);
  const watched = Promise.all([
    itself.watch(() => journal.alive(), hearing.signal),
    itself.watchJournal(look, hearing.signal),
    watching.troubles.watch(hearing.signal),
  ]);
  const heard = lines.map(({ line, numbers }) => {
    const tell = itself.driver.bind(itself, line.name);
    const normalizer = { ...reading, normalize: (one: Heard) => known.news(reading.normalize(one), line.counters) };
    return superviseLine({ line, numbers, clock, random, normalizer, append, tell, log, signal: hearing.signal });
  });

  return {
    status: page.url,
    get page() {
      return installer.url;
    },
    again: again.promise,
    async roundTrip() {
      const dead = withoutPulse(lines, clock);
      if (dead.length > 0) throw fail('line-hung', dead.join(', '));
      const stuck = uplinks.stuck(await journal.alive());
      if (stuck.length > 0) throw fail('uplink-stuck', stuck.join(', '));
    },
    lastWord: (text) => say(id, { note: 'program-failed', edge: 'momentary', text }),
    async stop() {
      hearing.abort();
      await Promise.all([...heard, watched, ordering.close(), installer.close()]);
      await itself.stopped();
      await uplinks.linger();
      sending.abort();
      await carried;
      await page.close();
      numbers.close();
      watching.close();
      await journal.close();
    },
  };
}
