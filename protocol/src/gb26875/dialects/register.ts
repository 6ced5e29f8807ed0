import { cutAll } from '../../codec/packets.ts';
import { versionOf } from '../frame.ts';
import type { Dialect } from './dialect.ts';
import { FOUR_FAITH, FOUR_FAITH_48 } from './four-faith.ts';
import { GST } from './gst.ts';
import { BASE_STATION, MAIN_VERSION_16, PRIVATE_HEARTBEAT, STANDARD, UTC_CLOCK, YEAR_FIRST, ZONE_AND_POINT } from './habits.ts';
import { BCD, DAHUA, DAHUA_BCD, FIRE_CANNON, FSCN8001, FUBEI, HIKVISION, SWITCH_AND_GAS } from './makers.ts';

const ALL: readonly Dialect[] = [
  STANDARD,
  FOUR_FAITH_48,
  FOUR_FAITH,
  GST,
  HIKVISION,
  DAHUA_BCD,
  DAHUA,
  FUBEI,
  FSCN8001,
  FIRE_CANNON,
  SWITCH_AND_GAS,
  BASE_STATION,
  MAIN_VERSION_16,
  PRIVATE_HEARTBEAT,
  ZONE_AND_POINT,
  BCD,
  YEAR_FIRST,
  UTC_CLOCK,
];

/** Dialects by name. */
export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(ALL.map((dialect) => [dialect.name, dialect]));

/** A habit that only this dialect has weighs more than version bytes, which another maker may choose as well. */
const TELL_WEIGHT = 2;

function weight({ tell, versions }: Dialect, frame: Uint8Array): number {
  if (tell?.(frame)) return TELL_WEIGHT;
  const [main, user] = versionOf(frame);
  const isUsual = main === 1 && user === 1;
  return !isUsual && versions.some(([ownMain, ownUser]) => ownMain === main && ownUser === user) ? 1 : 0;
}

/** Dialects whose habits the frames show, the most telling first; empty where the bytes tell none. */
export function suggestDialects(frames: readonly Uint8Array[]): string[] {
  return ALL.map((dialect) => ({ name: dialect.name, votes: frames.reduce((sum, frame) => sum + weight(dialect, frame), 0) }))
    .filter(({ votes }) => votes > 0)
    .sort((a, b) => b.votes - a.votes)
    .map(({ name }) => name);
}

/** The same for the bytes of a stream: packets that only a dialect knows count too. */
export function suggestDialectsOf(bytes: Uint8Array): string[] {
  const cuts = [...new Set(ALL.map(({ cut }) => cut))].map((cut) =>
    cutAll(cut, bytes).flatMap((one) => (one.kind === 'packet' ? [one.bytes] : [])),
  );
  const [frames = [], ...others] = cuts;
  return suggestDialects([...frames, ...others.flatMap((packets) => packets.filter(({ length }) => length < 30))]);
}
