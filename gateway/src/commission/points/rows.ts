import type { DeviceAddress, Family, PolledFamily } from '@fengsui/protocol';
import { parseAddress, partsToldBy } from './address.ts';
import { type Column, type Field, findHeader, type Mapping } from './columns.ts';
import { componentTypeOf } from './device-words.ts';
import { identityOf, nameOf } from './identity.ts';
import type { Table, TableRow } from './table.ts';

/** A row of the point table, as gateway.yaml holds it. */
export interface ImportedPoint {
  readonly address?: DeviceAddress;
  readonly register?: string;
  readonly place?: string;
  readonly componentType?: number;
}

export interface Import {
  readonly points: readonly ImportedPoint[];
  /** What a person should know though nothing is wrong. */
  readonly notices: readonly string[];
  /** Every problem, by row and column. Not empty: nothing may be written. */
  readonly problems: readonly string[];
}

export interface ImportOrder {
  readonly family?: Family;
  readonly mapping: Mapping;
  /** Words of this site for device types. */
  readonly types: ReadonlyMap<string, number>;
}

/** What gateway.yaml takes (config-schema.ts). */
const PLACE_CHARACTERS_MAX = 80;

const RANGES = {
  controller: { least: 1, most: 255 },
  loop: { least: 1, most: 255 },
  point: { least: 1, most: 65_535 },
  zone: { least: 0, most: 65_535 },
  channel: { least: 0, most: 65_535 },
} as const;
type Part = keyof typeof RANGES;

const shown = (text: string) => (text === '' ? 'nothing' : `"${text.length > 40 ? `${text.slice(0, 37)}…` : text}"`);

/** One row while it is read. */
class RowReader {
  readonly problems: string[] = [];
  readonly #row: TableRow;
  readonly #columns: ReadonlyMap<Field, Column>;

  constructor(row: TableRow, columns: ReadonlyMap<Field, Column>) {
    this.#row = row;
    this.#columns = columns;
  }

  text(field: Field): string {
    const column = this.#columns.get(field);
    return column ? (this.#row.cells[column.index] ?? '') : '';
  }

  wrong(field: Field, what: string): void {
    this.problems.push(`row ${this.#row.number}, column ${this.#columns.get(field)?.name ?? field}: ${what}`);
  }

  /** A part of the address that stands in a column of its own; undefined where the cell is empty or wrong. */
  number(part: Part): number | undefined {
    const text = this.text(part);
    if (text === '') return undefined;
    const digits = /^0*(\d{1,9})(?:\.0+)?\s*[号#]?$/.exec(text)?.[1];
    return this.inRange(part, part, digits === undefined ? Number.NaN : Number(digits), text);
  }

  inRange(part: Part, column: Field, value: number, text: string): number | undefined {
    const { least, most } = RANGES[part];
    if (value >= least && value <= most) return value;
    this.wrong(column, `must be a whole number ${least}–${most} (got ${shown(text)}) / 须为 ${least}–${most} 的整数`);
    return undefined;
  }

  /** The address from its columns: parts of their own, several in one cell, or a six-digit user code. */
  address(): DeviceAddress | null {
    if (this.text('point') === '' && this.text('code') !== '') return this.#userCode('code');
    if (/^\d{6}$/.test(this.text('point')) && this.text('loop') === '') return this.#userCode('point');
    const text = this.text('point');
    const parsed = text === '' ? null : parseAddress(text.replace(/\.0+$/, ''));
    if (!parsed) {
      this.wrong('point', `must be an address like 17, 02-017 or 1-02-017 (got ${shown(text)}) / 地址写法不对`);
      return null;
    }
    const own = { controller: this.number('controller'), loop: this.number('loop') };
    const parts = (['controller', 'loop', 'point'] as const).flatMap((part) => {
      const inCell = parsed[part];
      const inColumn = part === 'point' ? undefined : own[part];
      if (inCell !== undefined && inColumn !== undefined && inCell !== inColumn)
        this.wrong('point', `says ${part} ${inCell}, its own column says ${inColumn} (got ${shown(text)}) / 与另一列矛盾`);
      const value = inCell === undefined ? inColumn : this.inRange(part, 'point', inCell, text);
      return value === undefined ? [] : [[part, value] as const];
    });
    const more = (['zone', 'channel'] as const).flatMap((part) => {
      const value = /^\d+$/.test(this.text(part)) || part === 'channel' ? this.number(part) : undefined;
      return value === undefined ? [] : [[part, value] as const];
    });
    return this.problems.length > 0 ? null : Object.fromEntries([...parts, ...more]);
  }

  /** GST panels know a part by a code of six digits, leading zeros included: the code is their point. */
  #userCode(column: Field): DeviceAddress | null {
    const text = this.text(column);
    if (/^\d{1,6}$/.test(text)) return { point: Number(text) };
    this.wrong(column, `must be a user code of six digits (got ${shown(text)}) / 须为六位二次码`);
    return null;
  }

  place(): string | undefined {
    const zone = this.text('zone');
    const before = [this.text('building'), this.text('floor'), /^\d*$/.test(zone) ? '' : zone];
    const text = this.text('place');
    // Many makers repeat building and floor in the description.
    const parts = [...before.filter((part) => part !== '' && !text.includes(part)), text, this.text('room')];
    const place = parts.filter((part) => part !== '').join(' ');
    if (place.length <= PLACE_CHARACTERS_MAX) return place === '' ? undefined : place;
    this.wrong('place', `must be at most ${PLACE_CHARACTERS_MAX} characters with building and floor (got ${place.length}) / 位置过长`);
    return undefined;
  }
}

const SHIELDED = /^(是|屏蔽|已屏蔽|隔离|已隔离|1|true|yes|y|√|x|shielded|disabled|isolated)$/i;

/** Turns a table into points. All or nothing: with one problem nothing of it may be used. */
export function importPoints(table: Table, order: ImportOrder): Import {
  const header = findHeader(table.rows, order.mapping);
  if ('problems' in header) return { points: [], notices: [], problems: header.problems };
  const columns = new Map(header.columns.map((column) => [column.field, column]));
  const told = partsToldBy(order.family);
  const body = table.rows.filter(({ number, cells }) => number > header.row && cells.some((cell) => cell !== ''));
  const unknownTypes = new Map<string, number>();
  const read = body.map((row) => {
    const reader = new RowReader(row, columns);
    const point = order.family?.shape === 'polled' ? registerRow(reader, order.family) : addressRow(reader, told);
    const word = reader.text('type');
    const type = word === '' ? null : componentTypeOf(word, order.types);
    if (word !== '' && type === null) unknownTypes.set(word, (unknownTypes.get(word) ?? 0) + 1);
    const place = reader.place();
    const whole = { ...point, ...(place === undefined ? {} : { place }), ...(type === null ? {} : { componentType: type }) };
    return { row: row.number, point: whole, problems: reader.problems, shielded: SHIELDED.test(reader.text('shield')) };
  });
  const problems = [
    ...read.flatMap((row) => row.problems),
    ...(body.length === 0 ? ['the table has a header and no rows / 表中没有数据行'] : []),
  ];
  const sound = read.filter((row) => row.problems.length === 0);
  return {
    points: sound.map(({ point }) => point),
    problems: [...problems, ...duplicates(sound)],
    notices: noticesOf({
      ignored: header.ignored,
      columns,
      told,
      family: order.family,
      unknownTypes,
      shielded: read.filter((row) => row.shielded).length,
    }),
  };
}

function addressRow(reader: RowReader, told: ReadonlySet<string> | null): ImportedPoint {
  const address = reader.address();
  if (!address) return {};
  return { address: Object.fromEntries(Object.entries(address).filter(([part]) => told === null || told.has(part))) };
}

/** Polled families know their points by name; an address or a user code that is one point's own names it as well. */
function registerRow(reader: RowReader, { points, name }: PolledFamily): ImportedPoint {
  const register = reader.text('register');
  if (register !== '') {
    if (points.some((point) => point.name === register)) return { register };
    reader.wrong('register', `${name} has no register point of this name (got ${shown(register)}) / 无此测点`);
    return {};
  }
  const address = reader.address();
  if (!address) return {};
  const found = points.find((point) => point.address && sameAddress(point.address, registerAddress(address)));
  if (found) return { register: found.name };
  reader.wrong(reader.text('code') === '' ? 'point' : 'code', `${name} has no register for this address / 此地址无对应寄存器`);
  return {};
}

/** The Modbus cards of GST count by the last four digits of a user code: zone, and number in the zone. */
function registerAddress(address: DeviceAddress): DeviceAddress {
  const { point = 0 } = address;
  if (address.zone !== undefined || point < 1000) return address.zone === undefined ? { point } : { zone: address.zone, point };
  return { zone: Math.floor((point % 10_000) / 1000), point: point % 1000 };
}

const sameAddress = (one: DeviceAddress, other: DeviceAddress) => identityOf({ address: one }) === identityOf({ address: other });

function duplicates(rows: ReadonlyArray<{ readonly row: number; readonly point: ImportedPoint }>): string[] {
  const first = new Map<string, number>();
  return rows.flatMap(({ row, point }) => {
    const key = identityOf(point);
    const before = first.get(key);
    if (before === undefined) first.set(key, row);
    return before === undefined ? [] : [`row ${row}: the same address as row ${before} (${nameOf(point)}) / 与第 ${before} 行地址重复`];
  });
}

interface Noticed {
  readonly ignored: readonly string[];
  readonly columns: ReadonlyMap<Field, Column>;
  readonly told: ReadonlySet<string> | null;
  readonly family: Family | undefined;
  readonly unknownTypes: ReadonlyMap<string, number>;
  readonly shielded: number;
}

function noticesOf({ ignored, columns, told, family, unknownTypes, shielded }: Noticed): string[] {
  const untold = (['controller', 'loop', 'zone', 'channel'] as const).flatMap((part) =>
    told && !told.has(part) ? (columns.get(part)?.name ?? []) : [],
  );
  const words = [...unknownTypes].map(([word, times]) => `${word} ×${times}`);
  return [
    ...(ignored.length > 0 ? [`columns not read 未读取的列: ${ignored.join(', ')}`] : []),
    ...(untold.length > 0
      ? [`${family?.name} does not say ${untold.join(', ')}: left out of the addresses / 该设备族不报告这些列,地址中省略`]
      : []),
    ...(words.length > 0 ? [`device types not known, left out (name them with --type word=number) 未识别的类型: ${words.join(', ')}`] : []),
    ...(shielded > 0
      ? [`${shielded} points are shielded at the panel; the panel itself says so, nothing is set here / 屏蔽状态由控制器上报,此处不设置`]
      : []),
  ];
}
