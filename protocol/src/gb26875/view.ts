import { toHex } from '../codec/hex.ts';
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
import type { Dialect } from './dialects/dialect.ts';
import { heartbeatOf } from './dialects/heartbeats.ts';
import { decodeFrame, FRAME_BYTES_MIN } from './frame.ts';
import { bodyOf, decodeUnit, type Unit } from './units.ts';

/** A frame or piece of noise as JSON and people see it. */
export type View = Record<string, unknown>;

const WORD_BITS = Array.from({ length: 16 }, (_, bit) => bit);

/** The names of a component's state bits: a dialect may give them another meaning for some component types. */
export function componentStates(
  componentType: number,
  status: number,
  dialect: Pick<Dialect, 'componentStates' | 'extraStates'>,
): string[] {
  const own = dialect.componentStates?.get(componentType);
  if (own) {
    const known = [...own].filter(([bit]) => status & (1 << bit)).map(([, name]) => name);
    // Bit 0 is "normal running" where the dialect gives it no other meaning.
    const odd = WORD_BITS.filter((bit) => status & (1 << bit) && bit > 0 && !own.has(bit));
    return [...known, ...odd.map((bit) => `bit-${bit}`)];
  }
  const extra = dialect.extraStates;
  return namesOfBits(status, COMPONENT_STATES).map((name) => (name.startsWith('bit-') && extra?.get(Number(name.slice(4)))) || name);
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

/** The numbers of an object that have a meaning in words; each unit type has some of them. */
interface Numbers {
  readonly systemType?: number;
  readonly componentType?: number;
  readonly status?: number;
  readonly analogueType?: number;
  readonly raw?: number;
  readonly operation?: number;
}

/** The names of a state word: of a component, of a system, or of the transmission device itself, by what else the object has. */
export function statesOf({ status = 0, componentType, systemType }: Numbers, dialect: Dialect): string[] {
  if (componentType !== undefined) return componentStates(componentType, status, dialect);
  return namesOfBits(status, systemType === undefined ? DEVICE_STATES : SYSTEM_STATES);
}

/** The names of operation bits, of a facility or of the transmission device (Fig. 9, Fig. 14). */
export function operationsOf({ operation = 0, systemType }: Numbers): string[] {
  return namesOfBits(operation, systemType === undefined ? DEVICE_OPERATIONS : FACILITY_OPERATIONS);
}

/** What the numbers of an object mean in words, for a view to stand beside them: states, operations, the value in its unit. */
function meaningOf(object: Numbers, dialect: Dialect): View {
  if (object.status !== undefined) return { states: statesOf(object, dialect) };
  if (object.operation !== undefined) return { operations: operationsOf(object) };
  return object.raw === undefined ? {} : analogueIn(object.analogueType ?? 0, object.raw, dialect);
}

function unitView(unit: Unit | null, dialect: Dialect): View | null {
  if (unit === null) return null;
  if ('raw' in unit) return { type: unit.type, count: unit.count, raw: toHex(unit.raw), why: unit.why };
  const { object } = bodyOf(dialect.types.get(unit.type)!, unit.objects[0] ?? {});
  const objects = unit.objects.map((value) => ({ ...object.view(value), ...meaningOf(value as Numbers, dialect) }));
  return { type: unit.type, count: unit.count, objects };
}

/** The JSON view of one frame that the cutter delivered. `unit` is null when the application data unit is empty. */
export function frameView(bytes: Uint8Array, dialect: Dialect): View {
  const { control, unit } = decodeFrame(bytes);
  const { serial, mainVersion, userVersion, unitBytes: _, command, ...rest } = dialect.control.view(control);
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
  // Some dialects send packets that are no frames (gb26875 notes, 12.1): too short to have a control unit.
  if (cut.bytes.length < FRAME_BYTES_MIN) return { kind: heartbeatOf(cut.bytes, dialect) ? 'heartbeat' : 'reply', hex: toHex(cut.bytes) };
  return frameView(cut.bytes, dialect);
}
