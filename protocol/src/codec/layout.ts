import type { Words } from '../words.ts';
import { fromHex, toHex } from './hex.ts';

/**
 * One kind of field: how it lies in bytes (`read`, `write`), and how people and JSON see it (`show`, `parse`).
 * `read` and `write` mirror each other exactly; `show` may lose something, then the view carries the field's hex as well.
 */
export interface FieldKind<T> {
  /** Bytes it takes; a function of the bytes where the field says its own length. */
  readonly size: number | ((bytes: Uint8Array, at: number) => number);
  /** Bytes a value will take, for fields that say their own length. */
  readonly sizeOf?: (value: T) => number;
  readonly read: (bytes: Uint8Array, at: number) => T;
  readonly write: (bytes: Uint8Array, at: number, value: T) => void;
  readonly show: (value: T) => unknown;
  readonly parse: (shown: unknown) => T;
  /** True where a view may leave the field out: `parse(undefined)` is its empty value. */
  readonly optional?: boolean;
  /** Whether `parse(show(value))` may differ from the value, so that a view must carry the bytes too. */
  readonly lossy?: boolean;
  /** True where the hex of the field always belongs to its view (addresses). */
  readonly alwaysHex?: boolean;
}

/** A kind whose values all take the same number of bytes. */
export type FixedKind<T> = FieldKind<T> & { readonly size: number };

// biome-ignore lint/suspicious/noExplicitAny: a table of fields holds kinds of every value
export type Kind = FieldKind<any>;
export type ValueOf<K> = K extends FieldKind<infer T> ? T : never;

/** A named field of a layout, with its words for people. */
export interface Field<K extends Kind = Kind> {
  readonly kind: K;
  readonly words: Words;
}

export function field<K extends Kind>(kind: K, en: string, zh: string): Field<K> {
  return { kind, words: { en, zh } };
}

type Fields = Readonly<Record<string, Field>>;
export type Value<F extends Fields> = { -readonly [N in keyof F]: ValueOf<F[N]['kind']> };

export type LayoutValue<L> = L extends Layout<infer V> ? V : never;

/** One field as people read it: where it lies, what it is called, what it says. */
export interface Described {
  readonly name: string;
  readonly words: Words;
  /** Offset of the first byte and of the byte behind the last. */
  readonly from: number;
  readonly to: number;
  readonly shown: unknown;
  readonly hex: string;
}

/** A packet, or a part of one, as a table of fields; decode, encode, describe and the JSON view are all derived from it. */
export interface Layout<V extends object = Record<string, unknown>> {
  readonly fields: ReadonlyArray<readonly [name: string, field: Field]>;
  /** Bytes, or null where a field says its own length. */
  readonly size: number | null;
  /** Bytes the layout takes at `at`, or null when they reach beyond `to`. */
  measure(bytes: Uint8Array, at: number, to: number): number | null;
  /** Reads the fields. The caller has made sure that the bytes are there (`measure`). */
  decode(bytes: Uint8Array, at?: number): V;
  sizeOf(value: V): number;
  /** Writes the fields at `at`, returns the offset behind them. */
  encodeInto(value: V, bytes: Uint8Array, at: number): number;
  encode(value: V): Uint8Array;
  describe(bytes: Uint8Array, at?: number): Described[];
  /** The JSON view of a value: every field shown, with `<name>Hex` beside those whose bytes the shown form cannot give back. */
  view(value: V): Record<string, unknown>;
  /**
   * A value from its JSON view. Throws TypeError naming the field that is wrong, or all that are missing; `called` says
   * what a field is called where the view is a part of something larger.
   */
  parse(view: Readonly<Record<string, unknown>>, called?: (name: string) => string): V;
}

type Decode<V> = (bytes: Uint8Array, at: number) => V;
type Encode<V> = (value: V, bytes: Uint8Array, at: number) => number;

function fieldNames(names: readonly string[]): readonly string[] {
  for (const name of names) if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`not a field name: ${name}`);
  return names;
}

/**
 * Builds the decoder of a fixed layout as one object literal: `{a: f0(bytes, at + 0), b: f1(bytes, at + 2) …}`.
 * Written out this way every value has one hidden class and every reader one call site, which a loop over the table
 * cannot have; only field names and offsets of our own tables enter the source.
 */
function compiledDecoder<V>(names: readonly string[], offsets: readonly number[], kinds: readonly Kind[]): Decode<V> {
  const body = fieldNames(names).map((name, index) => `${name}: f${index}(bytes, at + ${offsets[index]})`);
  const parameters = kinds.map((_, index) => `f${index}`);
  return new Function(...parameters, `return (bytes, at) => ({ ${body.join(', ')} });`)(...kinds.map(({ read }) => read)) as Decode<V>;
}

/** The encoder of a fixed layout, written out like its decoder: `f0(bytes, at + 0, value.a); …`. Returns the offset behind the fields. */
function compiledEncoder<V>(names: readonly string[], offsets: readonly number[], kinds: readonly Kind[], size: number): Encode<V> {
  const body = fieldNames(names).map((name, index) => `f${index}(bytes, at + ${offsets[index]}, value.${name});`);
  const parameters = kinds.map((_, index) => `f${index}`);
  return new Function(...parameters, `return (value, bytes, at) => { ${body.join(' ')} return at + ${size}; };`)(
    ...kinds.map(({ write }) => write),
  ) as Encode<V>;
}

function walkingDecoder<V>(entries: ReadonlyArray<readonly [string, Field]>): Decode<V> {
  return (bytes, at) => {
    const value: Record<string, unknown> = {};
    for (const [name, { kind }] of entries) {
      value[name] = kind.read(bytes, at);
      at += sizeAt(kind, bytes, at);
    }
    return value as V;
  };
}

function walkingEncoder<V>(entries: ReadonlyArray<readonly [string, Field]>): Encode<V> {
  return (value, bytes, at) => {
    const values = value as Record<string, unknown>;
    for (const [name, { kind }] of entries) {
      kind.write(bytes, at, values[name]);
      at += typeof kind.size === 'number' ? kind.size : kind.sizeOf!(values[name]);
    }
    return at;
  };
}

function sizeAt(kind: Kind, bytes: Uint8Array, at: number): number {
  return typeof kind.size === 'number' ? kind.size : kind.size(bytes, at);
}

/** Makes a layout from a table of fields, in wire order. */
export function layout<F extends Fields>(fields: F): Layout<Value<F>> {
  type V = Value<F>;
  const entries = Object.entries(fields);
  const kinds = entries.map(([, { kind }]) => kind);
  const fixed = kinds.every((kind) => typeof kind.size === 'number');
  const offsets: number[] = [];
  let size = 0;
  for (const kind of kinds) {
    offsets.push(size);
    if (typeof kind.size === 'number') size += kind.size;
  }
  const names = Object.keys(fields);
  const decode = fixed ? compiledDecoder<V>(names, offsets, kinds) : walkingDecoder<V>(entries);
  const encodeInto = fixed ? compiledEncoder<V>(names, offsets, kinds, size) : walkingEncoder<V>(entries);

  const self: Layout<V> = {
    fields: entries,
    size: fixed ? size : null,
    measure(bytes, at, to) {
      let end = at;
      for (const kind of kinds) {
        const least = typeof kind.size === 'number' ? kind.size : 1;
        if (end + least > to) return null;
        end += sizeAt(kind, bytes, end);
      }
      return end > to ? null : end - at;
    },
    decode: (bytes, at = 0) => decode(bytes, at),
    sizeOf(value) {
      if (fixed) return size;
      const values = value as Record<string, unknown>;
      return entries.reduce((sum, [name, { kind }]) => sum + (typeof kind.size === 'number' ? kind.size : kind.sizeOf!(values[name])), 0);
    },
    encodeInto,
    encode(value) {
      const bytes = new Uint8Array(self.sizeOf(value));
      self.encodeInto(value, bytes, 0);
      return bytes;
    },
    describe(bytes, at = 0) {
      return entries.map(([name, { kind, words }]) => {
        const from = at;
        at += sizeAt(kind, bytes, at);
        return { name, words, from, to: at, shown: kind.show(kind.read(bytes, from)), hex: toHex(bytes.subarray(from, at)) };
      });
    },
    view(value) {
      const shown: Record<string, unknown> = {};
      for (const [name, { kind }] of entries) Object.assign(shown, viewOf(name, kind, (value as Record<string, unknown>)[name]));
      return shown;
    },
    parse(view, called = (name) => name) {
      const given = (name: string) => view[name] !== undefined || view[`${name}Hex`] !== undefined;
      const missing = entries.filter(([name, { kind }]) => !kind.optional && !given(name)).map(([name]) => called(name));
      if (missing.length > 0) throw new TypeError(`${missing.join(', ')}: ${missing.length === 1 ? 'is' : 'are'} missing`);
      return Object.fromEntries(entries.map(([name, { kind }]) => [name, parsed(name, kind, view, called)])) as V;
    },
  };
  return self;
}

/** The bytes of one field's value. */
function bytesOf(kind: Kind, value: unknown): Uint8Array {
  const bytes = new Uint8Array(typeof kind.size === 'number' ? kind.size : kind.sizeOf!(value));
  kind.write(bytes, 0, value);
  return bytes;
}

function viewOf(name: string, kind: Kind, value: unknown): Record<string, unknown> {
  const shown = kind.show(value);
  if (!kind.alwaysHex && !kind.lossy) return { [name]: shown };
  const hex = toHex(bytesOf(kind, value));
  if (!kind.alwaysHex && hexOfShown(kind, shown) === hex) return { [name]: shown };
  return { [name]: shown, [`${name}Hex`]: hex };
}

/** The hex that the shown form gives back; null where it cannot: bytes that decode to nothing may be shown longer than the field is. */
function hexOfShown(kind: Kind, shown: unknown): string | null {
  try {
    return toHex(bytesOf(kind, kind.parse(shown)));
  } catch {
    return null;
  }
}

function parsed(name: string, kind: Kind, view: Readonly<Record<string, unknown>>, called: (name: string) => string): unknown {
  const hex = view[`${name}Hex`];
  const shown = view[name];
  if (hex !== undefined) {
    const value = fromBytes(kind, hex, called(`${name}Hex`));
    const meant = JSON.stringify(kind.show(value));
    // Either may have been changed by hand: taking one would silently lose the other.
    if (shown === undefined || JSON.stringify(shown) === meant) return value;
    throw new TypeError(
      `${called(name)}: ${JSON.stringify(shown)} is not what ${called(`${name}Hex`)} says (${meant}): leave one of them out`,
    );
  }
  try {
    return kind.parse(shown);
  } catch (error) {
    throw new TypeError(`${called(name)}: ${(error as Error).message}`);
  }
}

/** A field's value from the hex of its bytes, which must be all of them. */
function fromBytes(kind: Kind, hex: unknown, name: string): unknown {
  const bytes = fromHex(String(hex));
  if (!bytes || bytes.length === 0 || sizeAt(kind, bytes, 0) !== bytes.length)
    throw new TypeError(`${name}: must be the hex of the field's bytes (got ${JSON.stringify(hex)})`);
  return kind.read(bytes, 0);
}
