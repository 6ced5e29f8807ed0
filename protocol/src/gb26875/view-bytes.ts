import { u8 } from '../codec/fields.ts';
import { fromHex } from '../codec/hex.ts';
import { field, layout } from '../codec/layout.ts';
import { ANALOGUE_TYPES } from './codes.ts';
import type { Dialect } from './dialects/dialect.ts';
import { STANDARD } from './dialects/habits.ts';
import { encodeFrame, UNIT_BYTES_MAX } from './frame.ts';
import { bodyOf, encodeUnit, type UnitType } from './units.ts';
import { analogueIn, type View } from './view.ts';

/** What the two fields of the version are called in a view. */
const VERSIONS: Readonly<Record<string, string>> = { mainVersion: 'version.main', userVersion: 'version.user' };
/** What stands before the objects of a unit, and before the bytes of one without a table. */
const UNIT_HEAD = layout({ type: field(u8, 'type', '类型'), count: field(u8, 'count', '数目') });
/** Views that are nothing but their bytes. */
const BYTES_ALONE: ReadonlySet<unknown> = new Set(['noise', 'heartbeat', 'reply']);

/** Bytes from a view written by `streamView`, made from its fields and not from its `hex`. Throws TypeError naming what is missing or wrong. */
export function bytesOfView(view: View, dialect: Dialect = STANDARD): Uint8Array {
  const { kind } = view;
  if (BYTES_ALONE.has(kind)) return requiredHex(view, 'hex');
  if (kind !== 'frame') throw new TypeError(`kind: must be frame, noise, heartbeat or reply (got ${JSON.stringify(kind)})`);
  const version = (view['version'] ?? {}) as View;
  const given = { unitBytes: 0, ...view, mainVersion: version['main'], userVersion: version['user'] };
  const control = dialect.control.parse(given, (name) => VERSIONS[name] ?? name);
  return encodeFrame(control, bytesOfUnit(view['unit'] as View | null | undefined, dialect));
}

function bytesOfUnit(view: View | null | undefined, dialect: Dialect): Uint8Array {
  if (view === null || view === undefined) return new Uint8Array(0);
  if (typeof view !== 'object') throw new TypeError(`unit: must be an object, or null for none (got ${JSON.stringify(view)})`);
  const { type, count } = UNIT_HEAD.parse(view, (name) => `unit.${name}`);
  if (view['raw'] !== undefined) return rawUnit(view, type, count);
  const row = dialect.types.get(type);
  if (!row || !Array.isArray(view['objects'])) throw new TypeError(`unit: type ${type} has no table; give its bytes as raw`);
  const given = view['objects'] as View[];
  if (given.length !== count)
    throw new TypeError(`unit.count: ${count}, but objects holds ${given.length}: make count ${given.length}, or mend the objects`);
  const { object: body, max } = bodyOf(row, given[0] ?? {});
  if (count > max)
    throw new TypeError(`unit.objects: ${count} of type ${type}, a frame holds at most ${max}: spread them over several frames`);
  const objects = given.map((object, index) => {
    if (typeof object !== 'object' || object === null) throw new TypeError(`unit.objects[${index}]: must be an object`);
    const called = (name: string) => `unit.objects[${index}].${name}`;
    return body.parse(withRaw(body, object, dialect, called), called) as View;
  });
  return encodeUnit({ type, count, objects }, dialect.types);
}

/** The bytes of a unit without a table, which begin with its type and count. */
function rawUnit(view: View, type: number, count: number): Uint8Array {
  const raw = requiredHex(view, 'raw', 'unit.raw');
  const [rawType, rawCount = 0] = raw;
  if (rawType !== type || rawCount !== count)
    throw new TypeError(
      `unit.raw: begins with type ${rawType ?? 'none'} and count ${rawCount}, the unit says ${type} and ${count}: they must agree`,
    );
  if (raw.length > UNIT_BYTES_MAX) throw new TypeError(`unit.raw: ${raw.length} bytes, a frame takes at most ${UNIT_BYTES_MAX}`);
  return raw;
}

/** An analogue value may be given in its unit alone; where its steps stand beside it, both must say the same. */
function withRaw({ fields }: UnitType['object'], object: View, dialect: Dialect, called: (name: string) => string): View {
  const value = object['value'];
  if (value === undefined || value === null || !fields.some(([name]) => name === 'raw')) return object;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new TypeError(`${called('value')}: ${JSON.stringify(value)} is no number`);
  const code = Number(object['analogueType']);
  const own = dialect.analogueTypes?.get(code);
  const perUnit = (own ?? ANALOGUE_TYPES.get(code))?.perUnit;
  if (perUnit === undefined) return object;
  const raw = Math.round(value * perUnit);
  if (object['raw'] === undefined) return { ...object, raw: own?.unsigned && raw > 0x7fff ? raw - 0x10000 : raw };
  const meant = analogueIn(code, Number(object['raw']), dialect).value;
  if (meant === null || meant === value) return object;
  throw new TypeError(`${called('value')}: ${value} is not what ${called('raw')} says (${meant}): leave one of them out`);
}

function requiredHex(view: View, name: string, called = name): Uint8Array {
  const bytes = fromHex(String(view[name] ?? 'missing'));
  if (!bytes) throw new TypeError(`${called}: must be hex (got ${JSON.stringify(view[name])})`);
  return bytes;
}
