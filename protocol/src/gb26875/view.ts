import { fromHex, toHex } from '../codec/hex.ts';
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
import { CONTROL, decodeFrame, encodeFrame } from './frame.ts';
import { decodeUnit, encodeUnit, UNIT_TYPES, type Unit, type UnitType } from './units.ts';

type View = Record<string, unknown>;
type Types = ReadonlyMap<number, Pick<UnitType, 'object' | 'max'>>;

/** What a unit type's numbers mean in words, added beside them: states, operations, the value in its unit. */
const MEANINGS: ReadonlyMap<number, (object: View) => View> = new Map<number, (object: View) => View>([
  [1, ({ status }) => ({ states: namesOfBits(status as number, SYSTEM_STATES) })],
  [2, ({ status }) => ({ states: namesOfBits(status as number, COMPONENT_STATES) })],
  [3, ({ analogueType, raw }) => analogueIn(analogueType as number, raw as number)],
  [4, ({ operation }) => ({ operations: namesOfBits(operation as number, FACILITY_OPERATIONS) })],
  [21, ({ status }) => ({ states: namesOfBits(status as number, DEVICE_STATES) })],
  [24, ({ operation }) => ({ operations: namesOfBits(operation as number, DEVICE_OPERATIONS) })],
]);

/** The value of an analogue number in its type's unit; null where table 6 has no such type. */
export function analogueIn(analogueType: number, raw: number): { value: number | null; unit: string | null; outOfRange?: true } {
  const type = ANALOGUE_TYPES.get(analogueType);
  if (!type) return { value: null, unit: null };
  const value = raw / type.perUnit;
  return { value, unit: type.unit, ...(value < type.min || value > type.max ? { outOfRange: true as const } : {}) };
}

function unitView(unit: Unit | null, types: Types): View | null {
  if (unit === null) return null;
  if ('raw' in unit) return { type: unit.type, count: unit.count, raw: toHex(unit.raw), why: unit.why };
  const { object } = types.get(unit.type)!;
  const meaning = MEANINGS.get(unit.type);
  const objects = unit.objects.map((value) => {
    const view = object.view(value);
    return meaning ? { ...view, ...meaning(view) } : view;
  });
  return { type: unit.type, count: unit.count, objects };
}

/** The JSON view of one frame that the cutter delivered. `unit` is null when the application data unit is empty. */
export function frameView(bytes: Uint8Array, types: Types = UNIT_TYPES): View {
  const { control, unit } = decodeFrame(bytes);
  const { serial, mainVersion, userVersion, unitBytes: _, command, ...rest } = CONTROL.view(control);
  return {
    kind: 'frame',
    serial,
    version: { main: mainVersion, user: userVersion },
    ...rest,
    command,
    commandName: commandName(control.command),
    checksumOk: true,
    unit: unitView(decodeUnit(unit, types), types),
    hex: toHex(bytes),
  };
}

/** The JSON view of what the cutter delivered, one object a frame or piece of noise, in stream order. */
export function streamView(bytes: Uint8Array, dialect: Pick<Dialect, 'cut' | 'types'>): View[] {
  return cutAll(dialect.cut, bytes).map((cut) => cutView(cut, dialect.types));
}

function cutView(cut: Cut, types: Types): View {
  if (cut.kind === 'noise') return { kind: 'noise', hex: toHex(cut.bytes), why: cut.why };
  // Some dialects send heartbeats that are no frames (gb26875 notes, 12.1): too short to have a control unit.
  if (cut.bytes.length < 30) return { kind: 'heartbeat', hex: toHex(cut.bytes) };
  return frameView(cut.bytes, types);
}

/** Bytes from a view written by `streamView`, made from its fields and not from its `hex`. Throws TypeError naming what is missing or wrong. */
export function bytesOfView(view: View, types: Types = UNIT_TYPES): Uint8Array {
  if (view['kind'] === 'noise' || view['kind'] === 'heartbeat') return requiredHex(view, 'hex');
  if (view['kind'] !== 'frame') throw new TypeError(`kind: must be frame, noise or heartbeat (got ${JSON.stringify(view['kind'])})`);
  const version = (view['version'] ?? {}) as View;
  const control = CONTROL.parse({ unitBytes: 0, ...view, mainVersion: version['main'], userVersion: version['user'] });
  return encodeFrame(control, encodeUnit(unitOfView(view['unit'] as View | null, types), types));
}

function unitOfView(view: View | null | undefined, types: Types): Unit | null {
  if (view === null || view === undefined) return null;
  const [type, count] = [Number(view['type']), Number(view['count'])];
  if (view['raw'] !== undefined) return { type, count, raw: requiredHex(view, 'raw'), why: String(view['why'] ?? '') };
  const row = types.get(type);
  if (!row || !Array.isArray(view['objects'])) throw new TypeError(`unit: type ${view['type']} has no table; give its bytes as raw`);
  return { type, count, objects: view['objects'].map((object: View) => row.object.parse(withRaw(type, object)) as View) };
}

/** An analogue value may be given in its unit alone. */
function withRaw(type: number, object: View): View {
  if (type !== 3 || object['raw'] !== undefined) return object;
  const perUnit = ANALOGUE_TYPES.get(Number(object['analogueType']))?.perUnit ?? 1;
  return { ...object, raw: Math.round(Number(object['value']) * perUnit) };
}

function requiredHex(view: View, name: string): Uint8Array {
  const bytes = fromHex(String(view[name] ?? 'missing'));
  if (!bytes) throw new TypeError(`${name}: must be hex (got ${JSON.stringify(view[name])})`);
  return bytes;
}
