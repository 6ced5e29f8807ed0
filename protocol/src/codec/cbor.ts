/** A value of CBOR (RFC 8949) as far as devices send it. Maps keep their keys, numbers or text. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | ReadonlyMap<number | string, CborValue>;

/** Deeper than this no payload of a device goes; a hostile one must not exhaust the stack. */
const DEPTH_MAX = 8;

const utf8 = new TextDecoder('utf-8', { fatal: true });

class NotCbor extends Error {}

/** Reads one item that fills the bytes; undefined where they are none we read. Indefinite lengths included, tags skipped. Never throws. */
export function readCbor(bytes: Uint8Array): CborValue | undefined {
  const reader = new Reader(bytes);
  try {
    const value = reader.item(0);
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (!(error instanceof NotCbor || error instanceof TypeError)) throw error;
    return undefined;
  }
}

const BREAK = Symbol('break');

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): CborValue {
    const value = this.#itemOrBreak(depth);
    if (value === BREAK) throw new NotCbor();
    return value;
  }

  #itemOrBreak(depth: number): CborValue | typeof BREAK {
    if (depth > DEPTH_MAX) throw new NotCbor();
    const head = this.#take(1)[0]!;
    const [major, info] = [head >> 5, head & 31];
    if (major === 7) return this.#simple(info);
    const length = info === 31 && major >= 2 && major <= 5 ? null : this.#argument(info);
    if (major === 0) return length!;
    if (major === 1) return -1 - length!;
    if (major === 2) return length === null ? joined(this.#many(null, depth) as Uint8Array[]) : this.#take(length);
    if (major === 3) return length === null ? this.#many(null, depth).join('') : utf8.decode(this.#take(length));
    if (major === 4) return this.#many(length, depth);
    if (major === 5) return this.#map(length, depth);
    return this.item(depth + 1);
  }

  #many(length: number | null, depth: number): CborValue[] {
    const items: CborValue[] = [];
    while (length === null || items.length < length) {
      const value = this.#itemOrBreak(depth + 1);
      if (value === BREAK) {
        if (length !== null) throw new NotCbor();
        break;
      }
      items.push(value);
    }
    return items;
  }

  #map(length: number | null, depth: number): Map<number | string, CborValue> {
    const items = this.#many(length === null ? null : length * 2, depth);
    const map = new Map<number | string, CborValue>();
    for (let index = 0; index < items.length; index += 2) {
      const [key, value] = [items[index], items[index + 1]];
      if ((typeof key !== 'number' && typeof key !== 'string') || value === undefined) throw new NotCbor();
      map.set(key, value);
    }
    return map;
  }

  #simple(info: number): CborValue | typeof BREAK {
    if (info === 31) return BREAK;
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    const at = this.#at;
    if (info === 25) return halfOf(new DataView(this.#take(2).slice().buffer).getUint16(0));
    if (info === 26 || info === 27) {
      this.#take(info === 26 ? 4 : 8);
      return info === 26 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
    }
    throw new NotCbor();
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (size === undefined) throw new NotCbor();
    const value = this.#take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new NotCbor();
    return value;
  }

  #take(size: number): Uint8Array {
    if (size > this.#bytes.length - this.#at) throw new NotCbor();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

/** A float of 16 bits (IEEE 754). */
function halfOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? Number.NaN : Infinity) : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
