import type { Schema } from './settings-table.ts';

/** Least and most of a number; null: none. */
export type Widest = readonly [least: number | null, most: number | null];

/**
 * What a stored configuration may hold of each number and still run, by its path: the bounds of today, or the wider ones that the schema
 * remembers of earlier versions. Where two shapes share a place, by the kind: `uplinks[] (mqtt).keepaliveS`.
 */
export function widestBounds(schema: Schema, path = ''): Readonly<Record<string, Widest>> {
  const { properties, items, anyOf, minimum, maximum, released } = schema;
  if (minimum !== undefined || maximum !== undefined)
    return { [path]: [released?.minimum ?? minimum ?? null, released?.maximum ?? maximum ?? null] };
  const inner = [
    ...Object.entries(properties ?? {}).map(([name, one]) => [one, path === '' ? name : `${path}.${name}`] as const),
    ...(items ? [[items, `${path}[]`] as const] : []),
    ...(anyOf ?? []).map((one, index) => [one, `${path} (${one.properties?.['kind']?.const ?? index})`] as const),
  ];
  return Object.assign({}, ...inner.map(([one, where]) => widestBounds(one, where)));
}
