import { type Family, type PolledFamily, pointValue, type ReadFunction, type RegisterPoint, widthOf } from '@fengsui/protocol';

/** Neighbouring registers of one function. */
export interface Block {
  readonly function: ReadFunction;
  /** Wire address of the first, 0 based. */
  readonly register: number;
  readonly count: number;
}

/** What became of a read; a refusal proves a unit as well as values do. */
export type ModbusAnswer =
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | { readonly kind: 'refused'; readonly exception: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'end' };

/** One read at a time. It waits after a silence until a late answer cannot be taken for the next. */
export type ReadModbus = (unit: number, block: Block) => Promise<ModbusAnswer>;

export interface ModbusScan {
  readonly units: readonly number[];
  /** Registers shown of every unit that is there. */
  readonly registers: { readonly first: number; readonly last: number };
  readonly read: ReadModbus;
}

export interface FoundUnit {
  readonly unit: number;
  /** Values by function and wire address; a register that is refused is not there. */
  readonly values: ReadonlyMap<ReadFunction, ReadonlyMap<number, number>>;
}

export type ModbusNews = { readonly asked: number } | { readonly found: FoundUnit } | 'end';

/** Holding and input registers first: most instruments have those. */
const FUNCTIONS: readonly ReadFunction[] = [3, 4, 1, 2];
/** Registers of one read: small enough for the poorest device. */
const BLOCK_MAX = 16;

/** Asks every unit for one register; of those that answer, shows the registers. Only functions 1 to 4 are ever sent. */
export async function* scanModbus(scan: ModbusScan): AsyncGenerator<ModbusNews> {
  for (const unit of scan.units) {
    yield { asked: unit };
    const there = await isThere(scan, unit);
    if (there === 'end') return yield 'end';
    if (!there) continue;
    const values = new Map<ReadFunction, ReadonlyMap<number, number>>();
    for (const fn of FUNCTIONS) {
      const found = await registersOf(scan, unit, fn);
      if (found === 'end') return yield 'end';
      if (found.size > 0) values.set(fn, found);
    }
    yield { found: { unit, values } };
  }
}

/** Some units are silent to a function they lack instead of refusing it: two are tried. */
async function isThere({ read, registers }: ModbusScan, unit: number): Promise<boolean | 'end'> {
  for (const fn of [3, 4] as const) {
    const { kind } = await read(unit, { function: fn, register: registers.first, count: 1 });
    if (kind === 'end') return 'end';
    if (kind !== 'silent') return true;
  }
  return false;
}

async function registersOf({ read, registers }: ModbusScan, unit: number, fn: ReadFunction): Promise<Map<number, number> | 'end'> {
  const found = new Map<number, number>();
  const waiting: Block[] = [];
  for (let register = registers.first; register <= registers.last; register += BLOCK_MAX)
    waiting.push({ function: fn, register, count: Math.min(BLOCK_MAX, registers.last - register + 1) });
  while (waiting.length > 0) {
    const block = waiting.shift()!;
    const answer = await read(unit, block);
    if (answer.kind === 'end') return 'end';
    if (answer.kind === 'silent') break;
    if (answer.kind === 'values') for (const [index, value] of answer.values.entries()) found.set(block.register + index, value);
    // Illegal function: there is nothing here. Otherwise one hole refuses the whole block: its halves are asked.
    else if (answer.exception === 1) break;
    else if (block.count > 1) waiting.unshift(...halvesOf(block));
  }
  return found;
}

function halvesOf({ function: fn, register, count }: Block): Block[] {
  const half = count >> 1;
  return [
    { function: fn, register, count: half },
    { function: fn, register: register + half, count: count - half },
  ];
}

/** A family whose points a unit shows with believable values. */
export interface Fit {
  readonly family: PolledFamily;
  readonly points: ReadonlyArray<{ readonly point: RegisterPoint; readonly value: number }>;
}

function measuredBy(point: RegisterPoint, { values }: FoundUnit): number | null | undefined {
  const registers = values.get(point.function);
  const raw = Array.from({ length: widthOf(point) }, (_, index) => registers?.get(point.register + index));
  const decimals = point.decimalsRegister === undefined ? 0 : registers?.get(point.decimalsRegister);
  if (raw.some((value) => value === undefined) || decimals === undefined || decimals > 3) return undefined;
  return pointValue(point, raw as number[], decimals);
}

/** Families that name one device before the general one, that before those of which less than half is there or nothing but zeros. */
function rankOf({ family, points }: Fit): number {
  if (family.isGeneral) return 1;
  const says = points.some(({ value }) => value !== 0);
  return says && points.length * 2 >= family.points.length ? 2 : 0;
}

/**
 * Families whose every readable point gives a value inside its range, the likeliest first: by rank, then by the share of points that
 * are there. A register map cannot prove a maker: a person decides, these are the ones worth a look.
 */
export function fitsOf(unit: FoundUnit, families: Iterable<Family>): Fit[] {
  const fits = [...families].flatMap((family): Fit[] => {
    if (family.shape !== 'polled') return [];
    const points = family.points.flatMap((point) => {
      const value = measuredBy(point, unit);
      return value === undefined || value === null ? [] : [{ point, value }];
    });
    const wrong = points.some(({ point, value }) => point.valid && (value < point.valid.min || value > point.valid.max));
    return points.length === 0 || wrong ? [] : [{ family, points }];
  });
  return fits.sort((a, b) => rankOf(b) - rankOf(a) || b.points.length / b.family.points.length - a.points.length / a.family.points.length);
}
