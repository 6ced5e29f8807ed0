import { isMap, isScalar, type Node, type Pair, stringify, type YAMLMap, type YAMLSeq } from 'yaml';
import type { FilePoint, Merge } from './merge.ts';

/** A point on one line. */
export function pointLine(point: FilePoint): string {
  return stringify(point, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function lineEnd(source: string, at: number): number {
  const next = source.indexOf('\n', at);
  return next < 0 ? source.length : next;
}

function lineStart(source: string, at: number): number {
  return source.lastIndexOf('\n', at - 1) + 1;
}

const columnOf = (source: string, at: number) => at - lineStart(source, at);
const rowsOf = (points: readonly FilePoint[], indent: number) => points.map((point) => `${' '.repeat(indent)}- ${pointLine(point)}`);

/** Carries the merge out in the lines of the list themselves, so that nobody finds his comments moved. null: this layout has no lines. */
export function spliceList(source: string, list: YAMLSeq, { fates, added }: Merge): string | null {
  if (!list.range || list.flow || list.items.length === 0) return null;
  const lines: string[] = [];
  const from = lineStart(source, list.range[0]);
  let to = from;
  for (const [at, item] of (list.items as Node[]).entries()) {
    const [start, end] = item.range ?? [-1, -1];
    const [first, last] = [lineStart(source, start), lineEnd(source, Math.max(start, end - 1))];
    if (start < 0 || first < to) return null;
    if (first > to) lines.push(source.slice(to, first - 1)); // comments between two points belong to whoever wrote them
    to = Math.min(last + 1, source.length);
    const fate = fates[at]!;
    if (fate === 'dropped') continue;
    const edits = typeof fate === 'object' ? editsOf(source, item, fate.changes) : [];
    if (edits === null) return null;
    lines.push(edited(source, first, last, edits));
  }
  const points = added.map(({ point }) => point);
  const ended = source[to - 1] === '\n' ? '\n' : '';
  return `${source.slice(0, from)}${[...lines, ...rowsOf(points, columnOf(source, list.range[0]))].join('\n')}${ended}${source.slice(to)}`;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function edited(source: string, first: number, last: number, edits: readonly Edit[]): string {
  let [text, at] = ['', first];
  for (const edit of [...edits].sort((a, b) => a.from - b.from)) {
    text += source.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return text + source.slice(at, last);
}

/** A key that is there gets its new value, one that is not stands behind the last. null: this layout has no place for it. */
function editsOf(source: string, item: Node, changes: FilePoint): Edit[] | null {
  if (!isMap(item) || !item.range) return null;
  const behind = (item.items.at(-1)?.value as Node | null | undefined)?.range;
  if (!behind) return null;
  const edits: Edit[] = [];
  const fresh: string[] = [];
  for (const [key, value] of Object.entries(changes)) {
    const pair = pairOf(item, key);
    const range = (pair?.value as Node | null | undefined)?.range;
    const text = pointLine({ [key]: value }).slice(2, -2);
    if (range) edits.push({ from: range[0], to: range[1], text: text.slice(key.length + 2) });
    else if (pair) return null;
    else fresh.push(text);
  }
  const at = item.flow ? behind[1] : lineEnd(source, Math.max(behind[0], behind[1] - 1));
  const before = item.flow ? ', ' : `\n${' '.repeat(columnOf(source, item.range[0]))}`;
  return fresh.length === 0 ? edits : [...edits, { from: at, to: at, text: fresh.map((text) => before + text).join('') }];
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** Writes a device's list that has no lines yet: none, an empty one, or one in brackets. null: this layout has no place for lines. */
export function spliceDevice(source: string, device: YAMLMap, points: readonly FilePoint[]): string | null {
  if (device.flow || !device.range) return null;
  const indent = columnOf(source, device.range[0]);
  const pair = pairOf(device, 'points');
  const [key, value] = [(pair?.key as Node | undefined)?.range, (pair?.value as Node | null | undefined)?.range];
  if (pair && (!key || !value)) return null;
  const text = `points:\n${rowsOf(points, indent + 2).join('\n')}`;
  if (!key || !value) {
    const tail = (device.items.at(-1)?.value as Node | null | undefined)?.range;
    if (!tail) return null;
    const end = lineEnd(source, tail[1] - 1);
    return `${source.slice(0, end)}\n${' '.repeat(indent)}${text}${source.slice(end)}`;
  }
  if (source.slice(key[0], value[1]).includes('#')) return null; // a remark inside the brackets: only the tree keeps it
  const ended = source[value[1] - 1] === '\n' ? '\n' : '';
  return `${source.slice(0, key[0])}${text}${ended}${source.slice(value[1])}`;
}
