import { type Document, isAlias, isMap, isNode, isSeq, parseDocument, visit, type YAMLMap, YAMLSeq } from 'yaml';
import { nameOf } from './identity.ts';
import { type FilePoint, type Merge, mergePoints } from './merge.ts';
import type { ImportedPoint } from './rows.ts';
import { pointLine, spliceDevice, spliceList } from './splice.ts';

/** The points as a piece of YAML: `points:` with a line a point. */
export function pointsYaml(points: readonly ImportedPoint[]): string {
  return `points:\n${points.map((point) => `  - ${pointLine({ ...point })}\n`).join('')}`;
}

/** A configuration text with the points of a table in it, and what became of every point. */
export interface Merged {
  readonly text: string;
  readonly before: readonly FilePoint[];
  readonly merge: Merge;
}

/** Brings the points of a table to those of one device, everything else untouched; or says why not. `drop`: what only the file has goes. */
export function withPoints(
  source: string,
  device: string,
  points: readonly ImportedPoint[],
  drop: boolean,
): Merged | { readonly problems: readonly string[] } {
  const document = parseDocument(source);
  if (document.errors.length > 0) return { problems: document.errors.map(({ message }) => message) };
  const found = deviceNamed(document.get('lines'), device);
  if (!found) return { problems: [`--device: the configuration has no device ${device} / 配置中没有此设备`] };
  const there = found.get('points', true);
  if (isAlias(there))
    return { problems: [`${device}: its points are an alias of another device's; write them out first / 点表是别名,请先展开`] };
  const list = isSeq(there) ? (there as YAMLSeq) : new YAMLSeq();
  const before = list.items.map((item) => (isNode(item) ? (item.toJS(document) as FilePoint) : {}) ?? {});
  const merge = mergePoints(before, points, drop);
  const problems = aliasProblems(document, list, merge, before);
  if (problems.length > 0) return { problems };
  const inLines = spliceList(source, list, merge);
  carryOut(document, list, merge);
  const spliced =
    inLines ??
    spliceDevice(
      source,
      found,
      list.items.map((item) => (item as YAMLMap).toJS(document)),
    );
  found.set('points', list);
  for (const around of [...collectionsAround(document.get('lines'), found), list]) around.flow = false;
  // The text is only believed where it says the same as the tree; a layout we did not foresee is written anew from the tree.
  const isBelieved = spliced !== null && JSON.stringify(parsed(spliced)) === JSON.stringify(document.toJSON());
  return { text: isBelieved ? spliced : document.toString({ lineWidth: 0 }), before, merge };
}

function carryOut(document: Document, list: YAMLSeq, { fates, added }: Merge): void {
  for (const [at, fate] of fates.entries()) {
    if (typeof fate !== 'object') continue;
    for (const [key, value] of Object.entries(fate.changes)) (list.items[at] as YAMLMap).set(key, value);
  }
  list.items = list.items.filter((_, at) => fates[at] !== 'dropped');
  for (const { point } of added) list.items.push(document.createNode(point, { flow: true, aliasDuplicateObjects: false }));
}

/** A point that is another one's alias cannot be changed alone, one that others refer to cannot go. */
function aliasProblems(document: Document, list: YAMLSeq, { fates }: Merge, before: readonly FilePoint[]): string[] {
  const needed = new Set<string>();
  const anchors = fates.map(() => new Set<string>());
  visit(document, { Alias: (_, { source }) => void needed.add(source) });
  for (const [at, item] of list.items.entries())
    if (isNode(item)) visit(item, { Node: (_, node) => void ('anchor' in node && node.anchor && anchors[at]!.add(node.anchor)) });
  return fates.flatMap((fate, at) => {
    if (fate === 'kept' || fate === 'only-in-file') return [];
    const isTied = fate === 'dropped' ? [...anchors[at]!].some((anchor) => needed.has(anchor)) : !isMap(list.items[at]);
    return isTied
      ? [`${nameOf(before[at]!)}: other points share what it says by an alias; write them out first / 点与别名共用,请先展开`]
      : [];
  });
}

function parsed(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? null : document.toJSON();
}

/** The family a configuration names for a device, however wrong the rest of it still is. */
export function familyIn(source: string, device: string): string | undefined {
  const name = deviceNamed(parseDocument(source).get('lines'), device)?.get('family');
  return typeof name === 'string' ? name : undefined;
}

function deviceNamed(lines: unknown, name: string): YAMLMap | null {
  const maps = (list: unknown): YAMLMap[] => (isSeq(list) ? list.items.filter((item): item is YAMLMap => isMap(item)) : []);
  for (const line of maps(lines)) for (const device of maps(line.get('devices'))) if (device.get('name') === name) return device;
  return null;
}

/** The device and what it stands in: a table inside braces would be one endless line. */
function collectionsAround(lines: unknown, device: YAMLMap): Array<YAMLMap | YAMLSeq> {
  if (!isSeq(lines)) return [];
  const line = lines.items.find(
    (item) => isMap(item) && isSeq(item.get('devices')) && (item.get('devices') as YAMLSeq).items.includes(device),
  );
  return isMap(line) ? [lines, line, line.get('devices') as YAMLSeq, device] : [];
}
