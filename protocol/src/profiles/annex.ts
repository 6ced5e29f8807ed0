import { u8, u16le } from '../codec/fields.ts';
import { fromHex, toHex } from '../codec/hex.ts';
import type { FixedKind } from '../codec/layout.ts';
import type { Words } from '../words.ts';

/**
 * The annex (附注) behind an object of a standard unit: `size u16` of what follows, then fields `tag u8 · size u16 · value`,
 * tags ascending, each at most once. A field that is absent is not known. Tags a reader does not know are kept and written back.
 */
export interface AnnexField<T> extends Words {
  readonly tag: number;
  /** The value's bytes, or null when the thing says nothing of this field. */
  readonly write: (thing: T) => Uint8Array | null;
  /** What the bytes add to the thing; null when they do not fit this field. */
  readonly read: (bytes: Uint8Array) => Partial<T> | null;
}

export interface UnknownField {
  readonly tag: number;
  readonly hex: string;
}

/** The annex of a thing, its size word included. Throws RangeError beyond 65,535 bytes. */
export function writeAnnex<T>(fields: ReadonlyArray<AnnexField<T>>, thing: T, unknown: readonly UnknownField[] = []): Uint8Array {
  const written: Array<readonly [tag: number, value: Uint8Array]> = [];
  for (const field of fields) {
    const value = field.write(thing);
    if (value) written.push([field.tag, value]);
  }
  for (const { tag, hex } of unknown) written.push([tag, fromHex(hex)!]);
  if (unknown.length > 0) written.sort(([a], [b]) => a - b);
  const size = written.reduce((sum, [, value]) => sum + 3 + value.length, 0);
  const bytes = new Uint8Array(2 + size);
  u16le.write(bytes, 0, size);
  let at = 2;
  for (const [tag, value] of written) {
    bytes[at] = tag;
    u16le.write(bytes, at + 1, value.length);
    bytes.set(value, at + 3);
    at += 3 + value.length;
  }
  return bytes;
}

/** Reads an annex that fills `bytes` from `at` to the end. Returns what it says, or why it is none. Never throws. */
export function readAnnex<T>(
  fields: ReadonlyMap<number, AnnexField<T>>,
  bytes: Uint8Array,
  at: number,
): { said: Partial<T>; unknown: UnknownField[] } | { why: string } {
  if (at + 2 > bytes.length || at + 2 + u16le.read(bytes, at) !== bytes.length) return { why: 'annex: size does not fit' };
  const said: Partial<T> = {};
  const unknown: UnknownField[] = [];
  let last = -1;
  for (at += 2; at < bytes.length; ) {
    const end = at + 3 <= bytes.length ? at + 3 + u16le.read(bytes, at + 1) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) return { why: 'annex: a field reaches beyond the end' };
    const tag = bytes[at]!;
    if (tag <= last) return { why: `annex: tag ${tag} is out of order` };
    last = tag;
    const value = bytes.subarray(at + 3, end);
    const field = fields.get(tag);
    const part = field?.read(value);
    if (field && !part) return { why: `annex: tag ${tag} (${field.en}) does not fit` };
    if (part) Object.assign(said, part);
    else unknown.push({ tag, hex: toHex(value) });
    at = end;
  }
  return { said, unknown };
}

/** How one value lies in bytes of its own: null where bytes are not such a value. */
export interface Form<V> {
  readonly write: (value: V) => Uint8Array;
  readonly read: (bytes: Uint8Array) => V | null;
}

/** An annex field that holds one property. */
export function property<T, N extends keyof T>(tag: number, name: N, form: Form<NonNullable<T[N]>>, en: string, zh: string): AnnexField<T> {
  return {
    tag,
    en,
    zh,
    write: (thing) => (thing[name] === undefined ? null : form.write(thing[name] as NonNullable<T[N]>)),
    read(bytes) {
      const value = form.read(bytes);
      return value === null ? null : ({ [name]: value } as unknown as Partial<T>);
    },
  };
}

/** How one part of a value lies in bytes: a field kind without its view, which an annex never needs. */
export type Part<T> = Pick<FixedKind<T>, 'size' | 'read' | 'write'>;

/** One part alone. */
export function single<V>(kind: Part<V>): Form<V> {
  return {
    write(value) {
      const bytes = new Uint8Array(kind.size);
      kind.write(bytes, 0, value);
      return bytes;
    },
    read: (bytes) => (bytes.length === kind.size ? (kind.read(bytes, 0) ?? null) : null),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text of at most so many bytes. */
export const utf8: Form<string> = {
  write: (text) => encoder.encode(text),
  read(bytes) {
    try {
      return decoder.decode(bytes);
    } catch {
      return null;
    }
  },
};

/** Bytes that the thing holds as hex. */
export const hexBytes: Form<string> = { write: (text) => fromHex(text)!, read: toHex };

/** One of a table's names, as its number, low byte first. Reading a number that is in no row gives undefined, which its record refuses. */
export function oneOf<N extends string>(codes: Readonly<Record<N, number>>, size: 1 | 2 = 1): Part<N> {
  const names = new Map(Object.entries<number>(codes).map(([name, code]) => [code, name as N]));
  const number = size === 1 ? u8 : u16le;
  return {
    size,
    read: (bytes, at) => names.get(number.read(bytes, at)) as N,
    write: (bytes, at, name) => number.write(bytes, at, codes[name]),
  };
}

/** A set of a table's names, as bits of a 32-bit word; the order is the table's. */
export function setOf<N extends string>(bits: Readonly<Record<N, number>>, size: 1 | 4): Form<readonly N[]> {
  const entries = Object.entries(bits) as Array<[N, number]>;
  return {
    write(names) {
      const bytes = new Uint8Array(size);
      for (const name of names) bytes[bits[name] >> 3]! |= 1 << (bits[name] & 7);
      return bytes;
    },
    read(bytes) {
      if (bytes.length !== size) return null;
      return entries.filter(([, bit]) => bytes[bit >> 3]! & (1 << (bit & 7))).map(([name]) => name);
    },
  };
}

/** Tenths held as a whole number of steps. */
export function tenths(kind: FixedKind<number>): FixedKind<number> {
  return {
    ...kind,
    read: (bytes, at) => kind.read(bytes, at) / 10,
    write: (bytes, at, value) => kind.write(bytes, at, Math.round(value * 10)),
  };
}

export const flag: Part<boolean> = {
  size: 1,
  read: (bytes, at) => bytes[at] === 1,
  write(bytes, at, value) {
    bytes[at] = value ? 1 : 0;
  },
};

// biome-ignore lint/suspicious/noExplicitAny: a table of parts holds kinds of every value
type AnyPart = Part<any>;
type Parts<V> = { readonly [N in keyof V]-?: Part<NonNullable<V[N]>> };

/** A record any part of which may be unknown: a byte whose bit i says that part i is known, then the parts; unknown ones are zero. */
export function known<V extends object>(parts: Parts<V>): Form<V> {
  const entries = Object.entries(parts) as Array<[string, AnyPart]>;
  const size = entries.reduce((sum, [, kind]) => sum + kind.size, 1);
  return {
    write(value) {
      const bytes = new Uint8Array(size);
      let at = 1;
      entries.forEach(([name, kind], index) => {
        const part = (value as Record<string, unknown>)[name];
        if (part !== undefined) {
          bytes[0]! |= 1 << index;
          kind.write(bytes, at, part);
        }
        at += kind.size;
      });
      return bytes;
    },
    read(bytes) {
      if (bytes.length !== size) return null;
      const value: Record<string, unknown> = {};
      let at = 1;
      entries.forEach(([name, kind], index) => {
        if (bytes[0]! & (1 << index)) value[name] = kind.read(bytes, at);
        at += kind.size;
      });
      return Object.values(value).includes(undefined) ? null : (value as V);
    },
  };
}

/** A record all of whose parts are known. */
export function record<V extends object>(parts: Parts<V>): Form<V> {
  const entries = Object.entries(parts) as Array<[string, AnyPart]>;
  const size = entries.reduce((sum, [, kind]) => sum + kind.size, 0);
  return {
    write(value) {
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const [name, kind] of entries) {
        kind.write(bytes, at, (value as Record<string, unknown>)[name]);
        at += kind.size;
      }
      return bytes;
    },
    read(bytes) {
      if (bytes.length !== size) return null;
      const value: Record<string, unknown> = {};
      let at = 0;
      for (const [name, kind] of entries) {
        value[name] = kind.read(bytes, at);
        at += kind.size;
      }
      return Object.values(value).includes(undefined) ? null : (value as V);
    },
  };
}
