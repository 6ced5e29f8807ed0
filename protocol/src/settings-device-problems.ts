import { FAMILIES } from './families/register.ts';
import type { Family } from './family.ts';
import { isMapping, type Sound, suggestion } from './settings.ts';
import type { DeviceConfiguration, PointConfiguration } from './settings-devices.ts';

/** A part of a configuration that is a mapping, with its path. */
export interface Readable<T> {
  readonly path: string;
  readonly item: T;
}

/** The mappings of a list, each with its path; nothing when it is no list. */
export function readable<T>(list: readonly T[], path: string): Array<Readable<T>> {
  if (!Array.isArray(list)) return [];
  return list.map((item: T, index) => ({ item, path: `${path}[${index}]` })).filter(({ item }) => isMapping(item));
}

/** Whether a word is one of those there are. */
export function known(path: string, word: string, words: readonly string[]): string[] {
  return words.includes(word) ? [] : [`${path}: must be one of ${words.join(', ')} (got ${word}${suggestion(word, words)})`];
}

/** Those of a list whose key an earlier one has. */
export function repeated<T extends { readonly key: string | number | undefined }>(items: readonly T[]): T[] {
  return items.filter(({ key }, index) => key !== undefined && items.findIndex((other) => other.key === key) < index);
}

function dialectProblems({ dialect }: DeviceConfiguration, path: string, family: Family): string[] {
  if (dialect === undefined) return [];
  const dialects = family.shape === 'polled' ? [] : [...(family.dialects?.keys() ?? [])];
  return dialects.length > 0 ? known(path, dialect, dialects) : [`${path}: must be absent, ${family.name} has no dialects`];
}

/** What no schema can say of a device and its point table, given its family; undefined: there is none of that name. */
export function deviceProblems(device: DeviceConfiguration, path: string, family: Family | undefined, sound: Sound): string[] {
  if (!family) return known(`${path}.family`, device.family, [...FAMILIES.keys()]);
  const points = readable(device.points, `${path}.points`);
  const registers = family.shape === 'polled' ? family.points.map((point) => point.name) : null;
  return [
    ...(family.shape === 'publishes' && device.device === undefined
      ? [`${path}.device: is missing, ${family.name} is told apart by it`]
      : []),
    ...(sound(`${path}.dialect`) ? dialectProblems(device, `${path}.dialect`, family) : []),
    ...(family.shape === 'polled' && device.unit === undefined ? [`${path}.unit: is missing, ${family.name} is polled by it`] : []),
    ...(registers && Array.isArray(device.points) && device.points.length === 0
      ? [`${path}.points: must name at least one register (one of ${registers.join(', ')})`]
      : []),
    ...(registers ? registerProblems(points, registers, sound) : addressProblems(points, sound)),
    ...(family.shape === 'publishes' ? points.flatMap((point) => delayProblems(point, sound)) : []),
    ...points.flatMap(({ item, path }) => (sound(`${path}.unitCode`) ? unitCodeProblems(item, path, family) : [])),
    ...points.flatMap((point) => (sound(`${point.path}.low`) && sound(`${point.path}.high`) ? limitProblems(point) : [])),
  ];
}

function registerProblems(points: ReadonlyArray<Readable<PointConfiguration>>, registers: readonly string[], sound: Sound): string[] {
  const all = points.map(({ item, path }) => ({ key: item.register, path: `${path}.register`, own: item.reads !== undefined }));
  const keyed = all.filter(({ path }) => sound(path));
  return [
    ...keyed.flatMap(({ key, path, own }) => {
      if (key === undefined) return [`${path}: is missing (one of ${registers.join(', ')})`];
      if (!own) return known(path, key, registers);
      return registers.includes(key) ? [`${path}: must be a name of the site's own, the family has ${key}`] : [];
    }),
    ...repeated(keyed).map(({ key, path }) => `${path}: must be named once (got ${key})`),
  ];
}

/** A unit code is looked for where the family knows its register. */
function unitCodeProblems({ register, unitCode }: PointConfiguration, path: string, family: Family): string[] {
  if (unitCode === undefined) return [];
  const point = family.shape === 'polled' ? family.points.find(({ name }) => name === register) : undefined;
  return point?.unitCodeRegister === undefined ? [`${path}.unitCode: must be absent, ${family.name} has no unit code for it`] : [];
}

function addressProblems(points: ReadonlyArray<Readable<PointConfiguration>>, sound: Sound): string[] {
  const readableAddresses = points.filter(({ path }) => sound(`${path}.address`));
  const keyed = readableAddresses.map(({ item: { address }, path }) => ({
    key: address && JSON.stringify(Object.entries(address).sort()),
    path: `${path}.address`,
  }));
  return [
    ...keyed.flatMap(({ key, path }) => (key === undefined ? [`${path}: is missing`] : [])),
    ...repeated(keyed).map(({ key, path }) => `${path}: must be there once (got ${key})`),
  ];
}

/** Between two words of a device that publishes may lie a day: a delay would hold its alarm back until then. */
function delayProblems({ item, path }: Readable<PointConfiguration>, sound: Sound): string[] {
  return (['low', 'high'] as const).flatMap((side) =>
    sound(`${path}.${side}`) && (item[side]?.delayMs ?? 0) > 0
      ? [`${path}.${side}.delayMs: must be 0, the next word of a device that publishes may come a day later`]
      : [],
  );
}

/** With hysteresis a value must be able to be neither low nor high. */
function limitProblems({ item: { low, high }, path }: Readable<PointConfiguration>): string[] {
  if (!low || !high || low.limit + low.hysteresis < high.limit - high.hysteresis) return [];
  return [`${path}: low.limit + low.hysteresis must be below high.limit - high.hysteresis`];
}
