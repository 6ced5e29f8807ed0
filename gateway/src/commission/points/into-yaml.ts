import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument, stringify, type YAMLMap, YAMLSeq } from 'yaml';
import type { ImportedPoint } from './rows.ts';

function pointLine(point: ImportedPoint): string {
  return stringify(point, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

/** The points as a piece of YAML: `points:` with a line a point. */
export function pointsYaml(points: readonly ImportedPoint[]): string {
  return `points:\n${points.map((point) => `  - ${pointLine(point)}\n`).join('')}`;
}

/** A configuration text with the points of one device in it, everything else untouched; or why not. */
export function withPoints(
  source: string,
  device: string,
  points: readonly ImportedPoint[],
  replace: boolean,
): string | { readonly problems: readonly string[] } {
  const document = parseDocument(source);
  if (document.errors.length > 0) return { problems: document.errors.map(({ message }) => message) };
  const found = deviceNamed(document.get('lines'), device);
  if (!found) return { problems: [`--device: the configuration has no device ${device} / 配置中没有此设备`] };
  const before = found.get('points', true);
  if (isAlias(before))
    return { problems: [`${device}: its points are an alias of another device's; write them out first / 点表是别名,请先展开`] };
  const kept = isSeq(before) && !replace ? (before as YAMLSeq) : new YAMLSeq();
  const twice = doubles(kept.toJSON() as ImportedPoint[], points);
  if (twice.length > 0) return { problems: twice };
  const spliced = splice(source, found, kept.items.length > 0 && !kept.flow ? kept : null, points);
  for (const point of points) kept.items.push(document.createNode(point, { flow: true }));
  found.set('points', kept);
  for (const around of [...collectionsAround(document.get('lines'), found), kept]) around.flow = false;
  // The text is only believed where it says the same as the tree; a layout we did not foresee is written anew from the tree.
  const wanted = JSON.stringify(document.toJSON());
  const text = spliced !== null && JSON.stringify(parsed(spliced)) === wanted ? spliced : document.toString({ lineWidth: 0 });
  return text;
}

function parsed(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? null : document.toJSON();
}

/** Puts the points into the text itself, so that nobody finds his comments moved. null: this layout has no place for lines. */
function splice(source: string, device: YAMLMap, behind: YAMLSeq | null, points: readonly ImportedPoint[]): string | null {
  const lineEnd = (at: number) => {
    const next = source.indexOf('\n', at);
    return next < 0 ? source.length : next;
  };
  const columnOf = (at: number) => at - (source.lastIndexOf('\n', at - 1) + 1);
  const rows = (indent: number) => points.map((point) => `${' '.repeat(indent)}- ${pointLine(point)}`).join('\n');
  const last = behind?.items.at(-1) as Node | undefined;
  if (behind?.range && last?.range) {
    const end = lineEnd(Math.max(last.range[0], last.range[1] - 1));
    return `${source.slice(0, end)}\n${rows(columnOf(behind.range[0]))}${source.slice(end)}`;
  }
  if (device.flow || !device.range) return null;
  const indent = columnOf(device.range[0]);
  const pair = device.items.find(({ key }) => isScalar(key) && key.value === 'points');
  const [key, value] = [(pair?.key as Node | undefined)?.range, (pair?.value as Node | null | undefined)?.range];
  if (pair && (!key || !value)) return null;
  const tail = device.items.at(-1)?.value as Node | null | undefined;
  const [from, to] = key && value ? [key[0], value[1]] : [null, tail?.range?.[1] ?? null];
  if (to === null) return null;
  const text = `points:\n${rows(indent + 2)}`;
  if (from === null) {
    const end = lineEnd(to - 1);
    return `${source.slice(0, end)}\n${' '.repeat(indent)}${text}${source.slice(end)}`;
  }
  const ended = source[to - 1] === '\n' ? '\n' : '';
  return `${source.slice(0, from)}${text}${ended}${source.slice(to)}`;
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

function doubles(before: readonly ImportedPoint[], points: readonly ImportedPoint[]): string[] {
  const key = ({ address, register }: ImportedPoint) => register ?? JSON.stringify(Object.entries(address ?? {}).sort());
  const there = new Set(before.map(key));
  const twice = points.filter((point) => there.has(key(point)));
  return twice.map(
    ({ address, register }) =>
      `${register ?? JSON.stringify(address)}: is in the configuration already; --replace exchanges all points of the device / 配置中已有此点`,
  );
}

/** Writes a file whole or not at all: a power cut leaves the old one. Keeps its mode. */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.part`;
  const mode = existsSync(path) ? statSync(path).mode & 0o777 : 0o640;
  try {
    const file = openSync(beside, 'w', mode);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
