import { type Clock, LANES, toHex } from '@fengsui/protocol';
import type { Narrowed } from '@fengsui/protocol/settings-narrowed';
import type { DownlinkNumbers } from './downlink/downlink.ts';
import { processNumbers } from './health.ts';
import type { JournalState } from './journal/journal.ts';
import type { LineNumbers } from './line-numbers.ts';
import type { BuiltLine } from './lines.ts';
import type { LoopDelay } from './loop-delay.ts';
import { descriptorNumbers } from './troubles/descriptors.ts';
import { memoryNumbers } from './troubles/machine.ts';
import type { PowerState } from './troubles/power.ts';
import type { Said } from './troubles/remembered.ts';
import type { UnwatchedWindow } from './unwatched.ts';
import type { KnownUplink } from './uplinks.ts';

export interface StatusSources {
  readonly id: string;
  readonly profile: string;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly startedMs: number;
  readonly narrowed: readonly Narrowed[];
  readonly journal: { state(): Promise<JournalState> };
  readonly uplinks: readonly KnownUplink[];
  readonly lines: ReadonlyArray<{ readonly line: BuiltLine; readonly numbers: LineNumbers }>;
  readonly loopDelay: LoopDelay;
  readonly orders: DownlinkNumbers;
  /** A duty check that waits for an answer. */
  readonly duty: { readonly id: string; readonly sinceMs: number; readonly untilMs: number } | null;
  readonly troubles: { standing(): readonly Said[] };
  readonly power: { state(): PowerState };
  readonly unwatched: { standing(): readonly UnwatchedWindow[] };
}

export type Known = Awaited<ReturnType<typeof knownOf>>;

/** Everything the gateway knows of itself, without what follows from it. */
export async function knownOf(sources: StatusSources) {
  const { id, profile, clock, clockSynchronised, startedMs, journal, uplinks, lines, loopDelay, orders, duty, troubles, power } = sources;
  const nowMs = Math.round(clock.wallMs());
  const state = await journal.state();
  const lanes = Object.fromEntries(
    LANES.map((lane) => {
      const { oldestMs, ...numbers } = state.lanes[lane];
      return [lane, { ...numbers, oldestMs, oldestAgeMs: oldestMs === null ? null : Math.max(0, nowMs - oldestMs) }];
    }),
  );
  return {
    gateway: { id, profile, boot: state.boot, nowMs, startedMs, clockSynchronised: clockSynchronised() },
    /** Settings that an earlier version permitted: bounds of today are in force for them. */
    narrowed: sources.narrowed,
    lines: lines.map(lineStatus),
    journal: { ...state, lanes },
    uplinks: uplinks.map(({ name, kind, numbers }) => ({ name, kind, ...numbers })),
    orders,
    duty,
    /** What of it is said upstream, as events that begin and end. */
    noticed: troubles.standing(),
    power: power.state(),
    /** When nobody watched this site, as far as nobody at the box has said that he saw it. */
    unwatched: sources.unwatched.standing(),
    process: { ...processNumbers(), ...loopDelay.numbers(), ...memoryNumbers(), ...descriptorNumbers() },
  };
}

type Standing = 'unknown' | 'up' | 'lost';

function lineStatus({ line, numbers }: StatusSources['lines'][number]) {
  const { configuration, counters, links, reads } = line;
  const { state, sinceMs, at, opened, reopened, failures, crashes, lastFailure, doubt, events, bytesIn, bytesOut, dropped, heardMs } =
    numbers;
  const standings = links.standings();
  return {
    name: line.name,
    wire: configuration.wire,
    ...{ state, sinceMs, at, opened, reopened, failures, crashes, lastFailure, doubt, events, bytesIn, bytesOut, dropped },
    packets: counters.packets,
    answers: counters.answers,
    polls: counters.polls,
    unheard: Object.fromEntries(counters.unheard),
    noise: counters.noise.map(({ atMs, why, bytes }) => ({ atMs, why, hex: toHex(bytes) })),
    devices: configuration.devices.map(({ name, family }) => ({
      ...{ name, family, heardMs: links.heardMs(name) },
      ...linkOf(standings.get(name) ?? 'unknown', numbers.deafSinceMs),
    })),
    /** What devices that sleep are to be asked, and what became of the rest. */
    reads: {
      ...reads.numbers,
      waiting: [...reads.waiting()].flatMap(([device, all]) =>
        all.map(({ id, path, tries, expiresAtMs }) => ({ device, id, path, tries, expiresAtMs })),
      ),
    },
    /** Devices that nobody configured and that spoke all the same. */
    strangers: [...heardMs].filter(([name]) => !standings.has(name)).map(([name, ms]) => ({ name, heardMs: ms })),
  };
}

/** How the link of a device stands: nobody knows that it is up while its wire is not open. `unknownSinceMs`: since when nobody does, where it was up before. */
function linkOf(standing: Standing, deafSinceMs: number | null): { readonly link: Standing; readonly unknownSinceMs: number | null } {
  return standing === 'up' && deafSinceMs !== null
    ? { link: 'unknown', unknownSinceMs: deafSinceMs }
    : { link: standing, unknownSinceMs: null };
}
