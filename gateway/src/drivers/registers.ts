import {
  ENDED_BY,
  isExplained,
  pointValue,
  type Quality,
  type Quantity,
  type ReadFunction,
  type RegisterPoint,
  saidBy,
  type What,
  widthOf,
} from '@fengsui/protocol';
import type { Said } from '../line.ts';

/** One read: neighbouring registers of one function. */
export interface ReadBlock {
  readonly function: ReadFunction;
  /** Wire address of the first. */
  readonly register: number;
  readonly count: number;
}

/** Registers by function and address, as one poll found them. */
export class Registers {
  readonly #values = new Map<number, number>();

  put({ function: fn, register, count }: ReadBlock, values: readonly number[]): void {
    for (let index = 0; index < count; index++) this.#values.set(fn * 0x10000 + register + index, values[index]!);
  }

  /** The registers from `register` on, or null when one of them was not read. */
  take(fn: ReadFunction, register: number, count: number): number[] | null {
    const values: number[] = [];
    for (let index = 0; index < count; index++) {
      const value = this.#values.get(fn * 0x10000 + register + index);
      if (value === undefined) return null;
      values.push(value);
    }
    return values;
  }
}

/** Registers that a value cannot be understood without. */
function besides({ decimalsRegister, unitRegister, unitCodeRegister, unitCode }: RegisterPoint): number[] {
  const code = unitCode === undefined ? undefined : unitCodeRegister;
  return [decimalsRegister, unitRegister?.register, code].filter((register) => register !== undefined);
}

/**
 * The reads that bring every register the points need, and no other: neighbours share a read, a point is never cut in two,
 * and no read asks for more than `readMax`. A gap is never read across: some devices refuse a whole read for one hole in it.
 */
export function planReads(points: readonly RegisterPoint[], readMax: number): ReadBlock[] {
  const needs = points.flatMap((point) => [
    { function: point.function, register: point.register, count: widthOf(point) as number },
    ...besides(point).map((register) => ({ function: point.function, register, count: 1 })),
  ]);
  needs.sort((a, b) => a.function - b.function || a.register - b.register || b.count - a.count);
  const blocks: { function: ReadFunction; register: number; count: number }[] = [];
  for (const need of needs) {
    const block = blocks.at(-1);
    const reach = block ? Math.max(block.register + block.count, need.register + need.count) - block.register : 0;
    const touches = block?.function === need.function && need.register <= block.register + block.count;
    if (block && touches && reach <= readMax) block.count = reach;
    else blocks.push({ ...need });
  }
  return blocks;
}

/** What a point measures now: its value, and whether to believe it. */
export interface Measurement {
  readonly value: number | null;
  readonly quality: Quality;
  /** Where the device itself says what it measures. */
  readonly quantity?: Quantity;
}

/** Decimals beyond this are no decimals: the device is another than the map says (all maps known use 0–3). */
const DECIMALS_MAX = 3;

/** null: the registers of its value were not read. */
export function measure(point: RegisterPoint, registers: Registers): Measurement | null {
  const raw = registers.take(point.function, point.register, widthOf(point));
  const decimals = point.decimalsRegister === undefined ? [0] : registers.take(point.function, point.decimalsRegister, 1);
  if (!raw || !decimals) return null;
  if (decimals[0]! > DECIMALS_MAX || hasOtherUnit(point, registers)) return { value: null, quality: 'out-of-range' };
  const unit = unitOf(point, registers);
  if (unit === null) return { value: null, quality: 'out-of-range' };
  const value = pointValue({ ...point, ...unit }, raw, decimals[0]);
  if (value === null) return { value, quality: 'sensor-failed' };
  const believed = !point.valid || (value >= point.valid.min && value <= point.valid.max);
  const quantity = unit?.quantity === undefined ? {} : { quantity: unit.quantity };
  return { value, quality: believed ? 'good' : 'out-of-range', ...quantity };
}

/** The site said which unit code the device must show: with another one the value is in another unit. */
function hasOtherUnit({ function: fn, unitCodeRegister, unitCode }: RegisterPoint, registers: Registers): boolean {
  return unitCode !== undefined && unitCodeRegister !== undefined && registers.take(fn, unitCodeRegister, 1)?.[0] !== unitCode;
}

/** The unit the device tells; undefined where it tells none, null where it tells one that is not known. */
function unitOf({ function: fn, unitRegister }: RegisterPoint, registers: Registers) {
  if (!unitRegister) return undefined;
  const { register, byte, units } = unitRegister;
  const whole = registers.take(fn, register, 1)?.[0];
  if (whole === undefined) return null;
  return units[byte === 'high' ? whole >> 8 : byte === 'low' ? whole & 0xff : whole] ?? null;
}

function aboutOf(point: RegisterPoint): Pick<Said, 'address' | 'register' | 'componentType'> {
  return {
    address: point.address ?? {},
    register: point.name,
    ...(point.componentType === undefined ? {} : { componentType: point.componentType }),
  };
}

const ENDINGS: ReadonlySet<What> = new Set([...Object.values(ENDED_BY), 'restored']);

/** The word that ends a word. A bare "restored" names what it ends; the others keep which fault or start it was. */
function endingOf({ what, detail }: { readonly what: What; readonly detail?: string }): { what: What; detail: string } {
  const ending = ENDED_BY[what] ?? 'restored';
  return { what: ending, detail: ending === 'restored' ? what : (detail ?? what) };
}

/**
 * What a state register says that it did not say before. It is an image, not a queue: only changes are words of the device.
 * At the first look (`before` undefined) what stands is said; nothing is said to be over.
 */
export function changesOf(point: RegisterPoint, before: number | undefined, now: number): Said[] {
  if (before === now) return [];
  const about = aboutOf(point);
  const [old, current] = [before === undefined ? [] : saidBy(point, before), saidBy(point, now)];
  const same = (a: { what: What; detail?: string }) => (b: { what: What; detail?: string }) => a.what === b.what && a.detail === b.detail;
  const begun = current.filter((word) => !old.some(same(word)) && (before !== undefined || !ENDINGS.has(word.what)));
  const gone = old.filter((word) => !current.some(same(word)) && !ENDINGS.has(word.what));
  const ended = gone.map(endingOf).filter(({ what }) => !current.some((word) => word.what === what));
  const unknown: Said[] = isExplained(point, now) ? [] : [{ what: 'text', detail: 'unknown-code', text: `${point.name} ${now}`, ...about }];
  return [...[...ended, ...begun].map((word) => ({ ...word, ...about })), ...unknown];
}

/**
 * What a state register could say and does not, at the first look: it ends what an earlier run of the gateway heard. Nothing where the
 * register says anything that is not understood: that is no proof.
 */
export function firstLookOf(point: RegisterPoint, now: number): Said[] {
  if (!isExplained(point, now)) return [];
  const current = saidBy(point, now);
  const { values = {}, bits = {}, details = {} } = point.says ?? {};
  const words = [...Object.entries(values), ...Object.entries(bits)].map(([key, what]) => {
    const detail = details[Number(key)];
    return detail === undefined ? { what } : { what, detail };
  });
  const absent = words.filter(({ what }) => !ENDINGS.has(what) && !current.some((word) => word.what === what));
  const ends = new Map(absent.map(endingOf).map((word) => [`${word.what} ${word.detail}`, word]));
  return [...ends.values()].map((word) => ({ ...word, ...aboutOf(point), isFirstLook: true }));
}
