import { EVENT_KINDS, happenings, QUANTITIES, STATES, type Words } from '@fengsui/protocol';
import { COMPONENT_TYPES } from '@fengsui/protocol/gb26875';
import type { Status } from '../status.ts';
import { withoutRemedy } from '../told-troubles.ts';
import { VERSION } from '../version.ts';
import type { PageNeeds } from './needs.ts';
import { countOf } from './points.ts';

/** How everything stands, small enough to be told every second: bytes of noise and names of points are asked for. */
export async function viewOf({ status, points, alarm, rejected }: PageNeeds) {
  const now = await status();
  const { gateway, journal, uplinks, duty, process, unwatched } = now;
  return {
    version: VERSION,
    gateway,
    points: countOf(await points()),
    lines: now.lines.map(shortLine),
    journal,
    rejected: rejected(),
    uplinks: uplinks.map((uplink) => ({ ...uplink, lastFailure: bare(uplink.lastFailure) })),
    duty,
    alarm: alarm.shown,
    process,
    unwatched,
    troubles: now.troubles,
    troublesInAll: now.troublesInAll,
  };
}

function bare(failure: string | null): string | null {
  return failure === null ? null : withoutRemedy(failure);
}

function shortLine({ noise, reads: _, ...line }: Status['lines'][number]) {
  return { ...line, lastFailure: bare(line.lastFailure), lastNoiseMs: noise.at(-1)?.atMs ?? null };
}

function named(table: Readonly<Record<string, Words>>): Record<string, Words> {
  return Object.fromEntries(Object.entries(table).map(([name, { en, zh }]) => [name, { en, zh }]));
}

/** What the names in answers mean to people. */
export function wordsOf() {
  return {
    kinds: named(EVENT_KINDS),
    states: named(STATES),
    quantities: named(QUANTITIES),
    components: Object.fromEntries([...COMPONENT_TYPES].map(([code, { en, zh }]) => [String(code), { en, zh }])),
    happenings: happenings(),
    units: Object.fromEntries(Object.entries(QUANTITIES).map(([name, { unit }]) => [name, unit])),
  };
}
