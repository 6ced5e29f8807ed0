import { type Described, fromHex, toHex, type Words } from '@fengsui/protocol';
import {
  ANALOGUE_TYPES,
  bodyOf,
  COMPONENT_TYPES,
  CONTROL_AT,
  commandName,
  type Dialect,
  decodeFrame,
  decodeUnit,
  SYSTEM_TYPES,
  UNIT_AT,
} from '@fengsui/protocol/gb26875';
import type { View } from './views.ts';

/** How words are marked for the eye: terminal colours, or nothing where the output is no terminal. */
export interface Ink {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const plain = (text: string) => text;
const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const PLAIN: Ink = { strong: plain, faint: plain, good: plain, bad: plain };
const COLOURED: Ink = { strong: sgr(1), faint: sgr(2), good: sgr(32), bad: sgr(31) };

/** Colours for a terminal that has them and a person who wants them: not in a pipe, not with NO_COLOR, not on TERM=dumb. */
export function inkOf(out: { readonly isTTY?: boolean; hasColors?(): boolean }): Ink {
  return out.isTTY && (out.hasColors?.() ?? true) ? COLOURED : PLAIN;
}

/** Columns a text takes on a terminal: Chinese characters and full-width signs take two. */
function columns(text: string): number {
  let width = 0;
  for (const character of text) width += /[\u2e80-\uffef]/.test(character) ? 2 : 1;
  return width;
}

export const padded = (text: string, width: number) => text + ' '.repeat(Math.max(1, width - columns(text)));

/** Control characters and bidirectional marks of a device's text must not steer the terminal. */
export function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '·');
}

function fieldLine({ from, to, words, shown, hex }: Described, ink: Ink): string {
  const range = to - from === 1 ? `${from}` : `${from}–${to - 1}`;
  const bytes = hex.length > 24 ? `${hex.slice(0, 22)}…` : hex;
  return `  ${padded(range, 9)}${ink.faint(padded(bytes, 26))}${padded(`${words.zh} ${words.en}`, 44)}${printable(shown)}`;
}

type Codes = ReadonlyMap<number, Words>;

/** The lists of GB/T 26875.3 that a field's number is looked up in, a dialect's own rows first. */
function codesOf(dialect: Dialect): Readonly<Record<string, readonly Codes[]>> {
  const lists = (own: Codes | undefined, standard: Codes) => (own ? [own, standard] : [standard]);
  return {
    systemType: lists(dialect.systemTypes, SYSTEM_TYPES),
    componentType: lists(dialect.componentTypes, COMPONENT_TYPES),
    analogueType: lists(dialect.analogueTypes, ANALOGUE_TYPES),
  };
}

/** A field whose number names something, with the name beside the number: `42 点型光电感烟火灾探测器 point optical smoke detector`. */
function named(field: Described, codes: Readonly<Record<string, readonly Codes[]>>): Described {
  const lists = codes[field.name];
  if (!lists) return field;
  const code = Number(field.shown);
  const other = code < 128 ? { zh: '保留', en: 'reserved' } : { zh: '用户自定义', en: 'user-defined' };
  const { zh, en } = lists.find((list) => list.has(code))?.get(code) ?? other;
  return { ...field, shown: `${code} ${zh} ${en}` };
}

/** A place in the frame that no layout table describes. */
function fixed(bytes: Uint8Array, from: number, to: number, zh: string, en: string, shown: string): Described {
  return { name: '', words: { zh, en }, from, to, shown, hex: toHex(bytes.subarray(from, to)) };
}

/** A frame field by field: byte range, bytes, name in two languages, value. */
function frameLines(view: View, dialect: Dialect, ink: Ink): string[] {
  const bytes = fromHex(String(view['hex']))!;
  const { command } = decodeFrame(bytes).control;
  const title = `${commandName(command)} (${command})`;
  const end = bytes.length;
  const fields = [
    fixed(bytes, 0, 2, '启动符', 'start', '@@'),
    ...dialect.control.describe(bytes, CONTROL_AT),
    fixed(bytes, end - 3, end - 2, '校验和', 'checksum', '正确 ok'),
    fixed(bytes, end - 2, end, '结束符', 'end', '##'),
  ].map((field) => fieldLine(field, ink));
  return [
    ink.strong(`帧 frame · 命令 command ${title} · ${end} bytes · ${ink.good('校验和正确 checksum ok')}`),
    ...fields.slice(0, -2),
    ...unitLines(view, bytes, dialect, ink),
    ...fields.slice(-2),
  ];
}

function unitLines(view: View, bytes: Uint8Array, dialect: Dialect, ink: Ink): string[] {
  const read = decodeUnit(decodeFrame(bytes).unit, dialect.types);
  if (!read) return [ink.faint('  空应用数据单元 no application data unit')];
  const first = dialect.types.get(read.type);
  const type = first && bodyOf(first, ('objects' in read && read.objects[0]) || {});
  const lines = [
    ink.strong(`  ${type ? `${type.zh} ${type.en}` : '未定义类型 unlisted type'} · 类型 type ${read.type} · 数目 count ${read.count}`),
    fieldLine(fixed(bytes, UNIT_AT, UNIT_AT + 1, '类型标志', 'type flag', String(read.type)), ink),
  ];
  if ('raw' in read) return [...lines, `  ${ink.bad(read.why)} ${toHex(read.raw)}`];
  lines.push(fieldLine(fixed(bytes, UNIT_AT + 1, UNIT_AT + 2, '信息对象数目', 'object count', String(read.count)), ink));
  const objects = (view['unit'] as { objects: View[] }).objects;
  const codes = codesOf(dialect);
  let at = UNIT_AT + 2;
  for (const [index, object] of read.objects.entries()) {
    const fields = type!.object.describe(bytes, at);
    lines.push(...fields.map((field) => fieldLine(named(field, codes), ink)), ...meaningLines(objects[index]!, ink));
    at += type!.object.sizeOf(object);
  }
  return lines;
}

/** What the numbers of an object mean: states, operations, the value in its unit. */
function meaningLines({ states, operations, value, unit }: View, ink: Ink): string[] {
  const said = states ?? operations;
  if (Array.isArray(said)) return [`  ${ink.good(`→ ${said.join(', ') || '无 none'}`)}`];
  return value === undefined ? [] : [`  ${ink.good(`→ ${value ?? '未知 unknown'} ${unit ?? ''}`)}`];
}

function packetLines(view: View, described: readonly Described[], ink: Ink): string[] {
  const { family, fields, observations, remarks } = view as { family: string; fields: View; observations: View[]; remarks?: string[] };
  const lines = [ink.strong(`报文 packet · ${family} · ${String(view['hex']).length / 2} bytes`), `  ${ink.faint(String(view['hex']))}`];
  if (described.length > 0) lines.push(...described.map((field) => fieldLine(field, ink)));
  else lines.push(...Object.entries(fields).map(([name, value]) => `  ${padded(name, 22)}${printable(value)}`));
  for (const { what, address, ...rest } of observations) lines.push(`  ${ink.good(`→ ${what}`)} ${printable(address)} ${printable(rest)}`);
  if (observations.length === 0) lines.push(ink.faint('  → 无观测 says nothing of the site'));
  return [...lines, ...(remarks ?? []).map((remark) => `  ${ink.bad(`! ${remark}`)}`)];
}

export const REASONS: Readonly<Record<string, string>> = {
  checksum: '校验和不符 checksum does not fit',
  length: '长度不符 length does not fit',
  terminator: '结束符不符 end is wrong',
  'no-start': '无起始符 starts nothing',
};

/** Lines for people from one view. `described` are a packet's fields with their places, where its family can tell. */
export function explain(
  view: View,
  { dialect, described, ink }: { dialect: Dialect; described: readonly Described[]; ink: Ink },
): string[] {
  if (view['kind'] === 'frame') return frameLines(view, dialect, ink);
  if (view['kind'] === 'packet') return packetLines(view, described, ink);
  if (view['kind'] === 'heartbeat') return [`心跳 heartbeat  ${ink.faint(String(view['hex']))}`];
  if (view['kind'] === 'reply') return [`厂家私有应答 private reply of the centre  ${ink.faint(String(view['hex']))}`];
  return [`${ink.bad(`噪声 noise · ${REASONS[String(view['why'])] ?? view['why']}`)}  ${ink.faint(String(view['hex']))}`];
}
