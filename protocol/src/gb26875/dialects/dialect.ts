import { u8 } from '../../codec/fields.ts';
import { type Field, field, type Layout, layout } from '../../codec/layout.ts';
import type { CutRule } from '../../codec/packets.ts';
import type { Quantity } from '../../event.ts';
import type { Words } from '../../words.ts';
import { timeTag } from '../fields.ts';
import type { CONTROL } from '../frame.ts';
import { UNIT_TYPES, type UnitType } from '../units.ts';
import type { Heartbeat } from './heartbeats.ts';

/** An analogue type of a maker's own, or of table 6 counted differently. */
export interface OwnAnalogue extends Words {
  readonly unit: string;
  /** So many steps make one unit. */
  readonly perUnit: number;
  /** The two bytes are 0–65535 and not the standard's int16. */
  readonly unsigned: boolean;
  /** What is measured, where it is a value and no limit; so many units make one of the quantity's (default 1). */
  readonly quantity?: Quantity;
  readonly unitsPerQuantity?: number;
  /** Which of several sensors of one component. */
  readonly channel?: number;
}

/** Names of state bits: bit → state. */
export type StateBits = ReadonlyMap<number, string>;

/** What a real device does differently from the text of GB/T 26875.3-2011. Chosen per device; all of it data. */
export interface Dialect {
  readonly name: string;
  readonly title: Words;
  readonly cut: CutRule;
  /** How it writes time tags, and the control unit with such a tag. */
  readonly clock: typeof timeTag;
  readonly control: typeof CONTROL;
  /** The standard's unit types with the maker's own beside or in place of them. */
  readonly types: ReadonlyMap<number, UnitType>;
  readonly heartbeats: readonly Heartbeat[];
  /** Uploads that may wait for their confirm at once; the standard is silent, one is what every centre takes (gb26875 notes, 14.11). */
  readonly inFlightMax?: number;
  /** Commands beyond the standard's that the device wants confirmed. */
  readonly confirms?: readonly number[];
  /** Version bytes this maker was seen to send, main then user; empty: no evidence. */
  readonly versions: ReadonlyArray<readonly [main: number, user: number]>;
  /** State words that mean something else for a component type. */
  readonly componentStates?: ReadonlyMap<number, StateBits>;
  /** Bits that the standard reserves and this maker uses, for every other component. */
  readonly extraStates?: StateBits;
  readonly analogueTypes?: ReadonlyMap<number, OwnAnalogue>;
  readonly systemTypes?: ReadonlyMap<number, Words>;
  readonly componentTypes?: ReadonlyMap<number, Words>;
  /** Unit types that carry a secret: nothing of them is kept. */
  readonly secretTypes?: ReadonlySet<number>;
  /** Zone in which the device's clock counts, minutes east of UTC; absent: the zone of the site. */
  readonly zoneMinutes?: number;
  /** How the four bytes of a component address split, for people: low word, high word. */
  readonly addressSplit?: readonly [low: 'loop' | 'point' | 'zone', high: 'loop' | 'point' | 'zone'];
  /** Says of a frame's bytes that hardly anything else than this dialect makes them. */
  readonly tell?: (frame: Uint8Array) => boolean;
  readonly notes?: readonly Words[];
}

type FieldTable = Readonly<Record<string, Field>>;

/** A table of bytes in wire order, from parts of others. The values of such a table are read by name. */
export const table = (fields: FieldTable): Layout<object> => layout(fields) as Layout<object>;
export const fieldsOf = (body: Layout<object>, ...without: string[]): FieldTable =>
  Object.fromEntries(body.fields.filter(([name]) => !without.includes(name)));

export const TIME: FieldTable = { time: field(timeTag, 'time', '时间') };
export const CHANNEL: FieldTable = {
  channelKind: field(u8, 'channel kind', '通道类型'),
  channelNumber: field(u8, 'channel number', '通道号'),
};

/** A unit type of a maker. */
export function own(object: Layout<object>, max: number, en: string, zh: string, or?: UnitType): UnitType {
  return { direction: 'up', object, max, clause: 'maker', en, zh, ...(or ? { or } : {}) };
}

/** A command of a maker: named so that a capture can be read; never sent by us. */
export function ownDown(object: Layout<object>, max: number, en: string, zh: string): UnitType {
  return { ...own(object, max, en, zh), direction: 'down' };
}

/** The standard's types with a maker's own. */
export function typesWith(rows: ReadonlyArray<readonly [number, UnitType]>): ReadonlyMap<number, UnitType> {
  return new Map([...UNIT_TYPES, ...rows]);
}

export function stateBits(bits: Readonly<Record<number, string>>): StateBits {
  return new Map(Object.entries(bits).map(([bit, name]) => [Number(bit), name]));
}
