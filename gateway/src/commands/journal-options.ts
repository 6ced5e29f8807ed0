import { EDGES, EVENT_KINDS, LANES, type Lane } from '@fengsui/protocol';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RowFilter, RowState } from '../journal/reader.ts';
import { STATE_WORDS } from '../journal/words-of-row.ts';

/** What every look into a journal may be told. */
export interface LookOptions {
  readonly config?: string;
  readonly data?: string;
  readonly zone?: number;
  readonly since?: string;
  readonly until?: string;
  readonly lane?: Lane;
  readonly kind?: readonly string[];
  readonly edge?: readonly string[];
  readonly state?: readonly RowState[];
  readonly find?: string;
  readonly number?: readonly [from: number, to: number];
  readonly epoch?: number;
  readonly boot?: number;
  readonly limit?: number;
  readonly raw?: boolean;
}

const MINUTE_MS = 60_000;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1_440 * MINUTE_MS };

/** `90m`, `12h`, `7d` ago; `2026-11-29`, `2026-11-29 14:05:09` in the zone of the site; or with a zone of its own. Throws TypeError. */
export function instantOf(text: string, zoneMinutes: number, nowMs: number): number {
  const ago = /^(\d+)([smhd])$/.exec(text.trim());
  if (ago) return nowMs - Number(ago[1]) * UNITS_MS[ago[2]!]!;
  const parts = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim());
  const ms = parts ? Date.parse(`${parts[1]}T${parts[2] ?? '00:00'}${parts[3] ?? 'Z'}`) : Number.NaN;
  if (!parts || Number.isNaN(ms))
    throw new TypeError(`${text}: no time; write 2026-11-29, "2026-11-29 14:05" or, counted back from now, 90m, 12h, 7d`);
  return parts[3] ? ms : ms - zoneMinutes * MINUTE_MS;
}

function whole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('a whole number.');
  return value;
}

function range(text: string): [number, number] {
  const parts = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!parts) throw new InvalidArgumentError('a number, or two with a hyphen: 12-40.');
  return [whole(parts[1]!), whole(parts[2] ?? parts[1]!)];
}

function zone(text: string): number {
  const parts = /^([+-])(\d{2}):(\d{2})$/.exec(text);
  if (!parts) throw new InvalidArgumentError('like +08:00.');
  return (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3]));
}

/** The options by which rows are chosen, on a command. */
export function withLook(command: Command): Command {
  return command
    .option('--config <file>', 'configuration of the gateway: tells where its journal is and its zone')
    .option('--data <folder>', 'data folder of a gateway, or a copy of it')
    .option('--zone <offset>', 'zone of written times when there is no configuration, e.g. +08:00', zone)
    .option('--since <time>', '2026-11-29, "2026-11-29 14:05", or back from now: 90m, 12h, 7d / 起始时间')
    .option('--until <time>', 'the same, itself excluded / 截止时间(不含)')
    .addOption(new Option('--lane <lane>', 'only this lane / 车道').choices(LANES))
    .addOption(new Option('--kind <kinds...>', 'only these kinds / 事件种类').choices(Object.keys(EVENT_KINDS)))
    .addOption(new Option('--edge <edges...>', 'only these edges').choices(Object.keys(EDGES)))
    .addOption(new Option('--state <states...>', 'only rows in these states / 状态').choices(Object.keys(STATE_WORDS)))
    .option('--number <range>', 'only these numbers of a lane: 12 or 12-40', range)
    .option('--epoch <epoch>', 'only this epoch', whole)
    .option('--boot <boot>', 'only what was heard in this boot', whole)
    .option('--limit <rows>', 'at most so many rows', whole)
    .option('--raw', "with the device's packet, in hex / 附原始报文");
}

/** Which rows are meant. Throws TypeError for a time that is none. */
export function filterOf(options: LookOptions, zoneMinutes: number, nowMs: number): RowFilter {
  const { since, until, lane, kind, edge, state, number, epoch, boot } = options;
  return {
    ...(lane === undefined ? {} : { lanes: [lane] }),
    ...(kind === undefined ? {} : { kinds: kind }),
    ...(edge === undefined ? {} : { edges: edge }),
    ...(state === undefined ? {} : { states: state }),
    ...(since === undefined ? {} : { sinceMs: instantOf(since, zoneMinutes, nowMs) }),
    ...(until === undefined ? {} : { untilMs: instantOf(until, zoneMinutes, nowMs) }),
    ...(number === undefined ? {} : { fromNumber: number[0], toNumber: number[1] }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(boot === undefined ? {} : { boot }),
  };
}
