import { randomUUID } from 'node:crypto';
import type { Clock } from '@fengsui/protocol';
import { createNormalizer } from '@fengsui/protocol/normalizer';
import type { GatewayConfiguration } from './config.ts';
import { DeviceReads } from './device-reads.ts';
import type { Keeping } from './keeping.ts';
import { KnownEvents } from './known-events.ts';
import type { Heard } from './line.ts';
import { LineNumbers } from './line-numbers.ts';
import { type BuiltLine, buildLines } from './lines.ts';
import { recordOf } from './site-families.ts';
import { superviseLine } from './supervise.ts';
import type { Log } from './supervision.ts';
import { Taps } from './taps.ts';

export interface HearingOptions {
  readonly configuration: GatewayConfiguration;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly keeping: Pick<Keeping, 'journal' | 'site' | 'itself' | 'append'>;
  readonly signal: AbortSignal;
}

/** A line with what its supervisor counts. */
export interface CountedLine {
  readonly line: BuiltLine;
  readonly numbers: LineNumbers;
}

/** All that is heard on site: its lines, what looks in on their wires, and what sleeping devices are to be asked. */
export interface Hearing {
  readonly lines: readonly CountedLine[];
  readonly taps: Taps;
  readonly deviceReads: DeviceReads;
  /** Keeps every line running until the signal aborts. */
  run(): Promise<unknown>;
}

/** Puts the lines together; what earlier runs heard is known. Rejects with the journal's Failure. */
export async function openHearing(options: HearingOptions): Promise<Hearing> {
  const { configuration, clock, keeping, log, signal } = options;
  const { journal, site } = keeping;
  const newEventId = () => randomUUID().replaceAll('-', '');
  const known = await KnownEvents.of(journal, { clock, newEventId, onCopies: site.hear.bind(site), log });
  const taps = new Taps(configuration.lines, configuration.data, clock, signal);
  const lines = configuration.lines
    .flatMap((line) => buildLines({ ...configuration, lines: [line] }, clock, taps.wires(line.name), known))
    .map((line) => ({ line, numbers: new LineNumbers(clock.wallMs()) }));
  const built = lines.map(({ line }) => line);
  return {
    ...{ lines, taps, deviceReads: new DeviceReads(built, clock, signal) },
    run: () => superviseAll(options, lines, known, newEventId),
  };
}

/** One normalizer remembers for all lines; each supervisor knows its own line alone. */
function superviseAll(
  options: HearingOptions,
  lines: readonly CountedLine[],
  known: KnownEvents,
  newEventId: () => string,
): Promise<unknown> {
  const { configuration, clock, random, log, signal, keeping } = options;
  const { itself, site, append } = keeping;
  const devices = configuration.lines.flatMap((line) => line.devices.map(recordOf));
  const { zoneMinutes } = configuration.gateway;
  const earlier = { onMeasured: site.measure.bind(site), stood: site.stood.bind(site) };
  const reading = createNormalizer({ devices, zoneMinutes, newEventId, clock, ...earlier });
  return Promise.all(
    lines.map(({ line, numbers }) => {
      const tellDropped = itself.dropped.bind(itself, line.name);
      const normalizer = { ...reading, normalize: (one: Heard) => known.news(reading.normalize(one), line.counters) };
      return superviseLine({ line, numbers, clock, random, normalizer, append, tellDropped, log, signal });
    }),
  );
}
