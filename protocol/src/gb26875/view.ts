import { u8 } from '../codec/fields.ts';
import { fromHex, toHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { type Cut, cutAll } from '../codec/packets.ts';
import {
  ANALOGUE_TYPES,
  COMPONENT_STATES,
  commandName,
  DEVICE_OPERATIONS,
  DEVICE_STATES,
  FACILITY_OPERATIONS,
  namesOfBits,
  SYSTEM_STATES,
} from './codes.ts';
import type { Dialect } from './dialects.ts';
import { hexOfTimeTag, showTimeTag, type TimeTag, tagFromBcd } from './fields.ts';
import { CONTROL, decodeFrame, encodeFrame } from './frame.ts';
import { decodeUnit, encodeUnit, UNIT_TYPES, type Unit, type UnitType } from './units.ts';

type View = Record<string, unknown>;
type Types = ReadonlyMap<number, Pick<UnitType, 'object' | 'max'>>;

const WORD_BITS = Array.from({ length: 16 }, (_, bit) => bit);

/** The names of a component's state bits: a dialect may give them another meaning for some component types. */
export function componentStates(componentType: number, status: number, dialect: Pick<Dialect, 'componentStates'>): string[] {
  const own = dialect.componentStates?.get(componentType);
  if (!own) return namesOfBits(status, COMPONENT_STATES);
  const known = [...own].filter(([bit]) => status & (1 << bit)).map(([, name]) => name);
  // Bit 0 is "normal running" where the dialect gives it no other meaning.
  const odd = WORD_BITS.filter((bit) => status & (1 << bit) && bit > 0 && !own.has(bit));
  return [...known, ...odd.map((bit) => `bit-${bit}`)];
}

/** The value of an analogue number in its type's unit; null where neither table 6 nor the dialect has the type. */
export function analogueIn(
  analogueType: number,
  raw: number,
  dialect: Pick<Dialect, 'analogueTypes'>,
): { value: number | null; unit: string | null; outOfRange?: true } {
  const own = dialect.analogueTypes?.get(analogueType);
  if (own) return { value: (own.unsigned ? raw & 0xffff : raw) / own.perUnit, unit: own.unit };
  const type = ANALOGUE_TYPES.get(analogueType);
  if (!type) return { value: null, unit: null };
  const value = raw / type.perUnit;
  return { value, unit: type.unit, ...(value < type.min || value > type.max ? { outOfRange: true as const } : {}) };
}

type Numbers = Readonly<Record<'status' | 'componentType' | 'analogueType' | 'raw' | 'operation', number>>;
type Meaning = (object: Numbers, dialect: Dialect) => View;

/** What a unit type's numbers mean in words, added beside them: states, operations, the value in its unit. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1, ({ status }) => ({ states: namesOfBits(status, SYSTEM_STATES) })],
  [2, ({ componentType, status }, dialect) => ({ states: componentStates(componentType, status, dialect) })],
  [3, ({ analogueType, raw }, dialect) => analogueIn(analogueType, raw, dialect)],
  [4, ({ operation }) => ({ operations: namesOfBits(operation, FACILITY_OPERATIONS) })],
  [21, ({ status }) => ({ states: namesOfBits(status, DEVICE_STATES) })],
  [24, ({ operation }) => ({ operations: namesOfBits(operation, DEVICE_OPERATIONS) })],
]);

/** Times of a device whose clock counts in BCD: read so, with the bytes beside them. */
function withBcdTimes(view: View, value: Record<string, unknown>): View {
  const times = Object.keys(view).filter((name) => name === 'time' || name === 'startTime');
  return Object.assign(
    view,
    ...times.map((name) => ({
      [name]: showTimeTag(tagFromBcd(value[name] as TimeTag)),
      [`${name}Hex`]: hexOfTimeTag(value[name] as TimeTag),
    })),
  );
}

function unitView(unit: Unit | null, dialect: Dialect): View | null {
  if (unit === null) return null;
  if ('raw' in unit) return { type: unit.type, count: unit.count, raw: toHex(unit.raw), why: unit.why };
  const { object } = dialect.types.get(unit.type)!;
  const meaning = MEANINGS.get(unit.type);
  const objects = unit.objects.map((value) => {
    const view = { ...object.view(value), ...meaning?.(value as Numbers, dialect) };
    return dialect.bcdClock ? withBcdTimes(view, value) : view;
  });
  return { type: unit.type, count: unit.count, objects };
}

/** The JSON view of one frame that the cutter delivered. `unit` is null when the application data unit is empty. */
export function frameView(bytes: Uint8Array, dialect: Dialect): View {
  const { control, unit } = decodeFrame(bytes);
  const shown = dialect.bcdClock ? withBcdTimes(CONTROL.view(control), control) : CONTROL.view(control);
  const { serial, mainVersion, userVersion, unitBytes: _, command, ...rest } = shown;
  return {
    kind: 'frame',
    serial,
    version: { main: mainVersion, user: userVersion },
    ...rest,
    command,
    commandName: commandName(control.command),
    checksumOk: true,
    unit: unitView(decodeUnit(unit, dialect.types), dialect),
    hex: toHex(bytes),
  };
}

/** The JSON view of what the cutter delivered, one object a frame or piece of noise, in stream order. */
export function streamView(bytes: Uint8Array, dialect: Dialect): View[] {
  return cutAll(dialect.cut, bytes).map((cut) => cutView(cut, dialect));
}

function cutView(cut: Cut, dialect: Dialect): View {
  if (cut.kind === 'noise') return { kind: 'noise', hex: toHex(cut.bytes), why: cut.why };
  // Some dialects send heartbeats that are no frames (gb26875 notes, 12.1): too short to have a control unit.
  if (cut.bytes.length < 30) return { kind: 'heartbeat', hex: toHex(cut.bytes) };
  return frameView(cut.bytes, dialect);
}

/** What the two fields of the version are called in a view. */
const VERSIONS: Readonly<Record<string, string>> = { mainVersion: 'version.main', userVersion: 'version.user' };
/** What stands before the objects of a unit, and before the bytes of one without a table. */
const UNIT_HEAD = layout({ type: field(u8, 'type', '类型'), count: field(u8, 'count', '数目') });

/** Bytes from a view written by `streamView`, made from its fields and not from its `hex`. Throws TypeError naming what is missing or wrong. */
export function bytesOfView(view: View, types: Types = UNIT_TYPES): Uint8Array {
  if (view['kind'] === 'noise' || view['kind'] === 'heartbeat') return requiredHex(view, 'hex');
  if (view['kind'] !== 'frame') throw new TypeError(`kind: must be frame, noise or heartbeat (got ${JSON.stringify(view['kind'])})`);
  const version = (view['version'] ?? {}) as View;
  const given = { unitBytes: 0, ...view, mainVersion: version['main'], userVersion: version['user'] };
  const control = CONTROL.parse(given, (name) => VERSIONS[name] ?? name);
  return encodeFrame(control, encodeUnit(unitOfView(view['unit'] as View | null, types), types));
}

function unitOfView(view: View | null | undefined, types: Types): Unit | null {
  if (view === null || view === undefined) return null;
  const { type, count } = UNIT_HEAD.parse(view, (name) => `unit.${name}`);
  if (view['raw'] !== undefined) return { type, count, raw: requiredHex(view, 'raw'), why: String(view['why'] ?? '') };
  const row = types.get(type);
  if (!row || !Array.isArray(view['objects'])) throw new TypeError(`unit: type ${view['type']} has no table; give its bytes as raw`);
  const objects = view['objects'].map((object: View, index) => {
    if (typeof object !== 'object' || object === null) throw new TypeError(`unit.objects[${index}]: must be an object`);
    return row.object.parse(withRaw(type, object), (name) => `unit.objects[${index}].${name}`) as View;
  });
  return { type, count, objects };
}

/** An analogue value may be given in its unit alone. */
function withRaw(type: number, object: View): View {
  if (type !== 3 || object['raw'] !== undefined || object['value'] === undefined) return object;
  const perUnit = ANALOGUE_TYPES.get(Number(object['analogueType']))?.perUnit ?? 1;
  return { ...object, raw: Math.round(Number(object['value']) * perUnit) };
}

function requiredHex(view: View, name: string): Uint8Array {
  const bytes = fromHex(String(view[name] ?? 'missing'));
  if (!bytes) throw new TypeError(`${name}: must be hex (got ${JSON.stringify(view[name])})`);
  return bytes;
}
