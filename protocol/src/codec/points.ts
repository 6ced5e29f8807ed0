import type { RegisterPoint } from '../family.ts';
import type { What } from '../observation.ts';

/** Registers (or bits) a point takes. */
export function widthOf({ type }: Pick<RegisterPoint, 'type'>): 1 | 2 {
  return type === 'u32' || type === 'i32' || type === 'f32' ? 2 : 1;
}

type Order = NonNullable<RegisterPoint['order']>;
const view = new DataView(new ArrayBuffer(4));

/** Puts two registers into the view in the order A B C D, and the other way: every order is its own inverse but CDAB of DCBA. */
function placed([first, second]: readonly [number, number], order: Order): void {
  const sent = [first >> 8, first & 0xff, second >> 8, second & 0xff];
  for (const [index, letter] of [...order].entries()) view.setUint8('ABCD'.indexOf(letter), sent[index]!);
}

function taken(order: Order): [number, number] {
  const sent = [...order].map((letter) => view.getUint8('ABCD'.indexOf(letter)));
  return [(sent[0]! << 8) | sent[1]!, (sent[2]! << 8) | sent[3]!];
}

/**
 * The value of a point from its registers, scaled; `decimals` from its decimals register. null: a float that is no number.
 * Rounded to what the scale can resolve, so that 346 × 0.1 is 34.6.
 */
export function pointValue(point: RegisterPoint, registers: readonly number[], decimals = 0): number | null {
  const scale = (point.scale ?? 1) / 10 ** decimals;
  const raw = rawOf(point, registers);
  if (!Number.isFinite(raw)) return null;
  return point.type === 'f32' ? raw * scale : Number((raw * scale).toPrecision(12));
}

function rawOf(point: RegisterPoint, [first = 0, second = 0]: readonly number[]): number {
  if (point.byte) return point.byte === 'high' ? first >> 8 : first & 0xff;
  switch (point.type) {
    case 'bit':
    case 'u16':
      return first;
    case 'i16':
      return (first << 16) >> 16;
    default:
      placed([first, second], point.order ?? 'ABCD');
      return point.type === 'f32' ? view.getFloat32(0) : point.type === 'i32' ? view.getInt32(0) : view.getUint32(0);
  }
}

/** The registers that hold a value: what a simulated device shows. */
export function registersOf(point: RegisterPoint, value: number, decimals = 0): number[] {
  const raw = (value * 10 ** decimals) / (point.scale ?? 1);
  if (point.byte) return [point.byte === 'high' ? (Math.round(raw) & 0xff) << 8 : Math.round(raw) & 0xff];
  if (widthOf(point) === 1) return [Math.round(raw) & 0xffff];
  if (point.type === 'f32') view.setFloat32(0, raw);
  else view.setInt32(0, Math.round(raw) | 0);
  return taken(point.order ?? 'ABCD');
}

/** What a state value says, word by word. */
export function saidBy(point: RegisterPoint, value: number): Array<{ readonly what: What; readonly detail?: string }> {
  const { values = {}, bits = {}, details = {} } = point.says ?? {};
  const keys = [
    ...Object.keys(values).filter((key) => Number(key) === value),
    ...Object.keys(bits).filter((key) => (value >>> Number(key)) & 1),
  ].map(Number);
  return keys.map((key) => {
    const what = (values[key] ?? bits[key])!;
    const detail = details[key];
    return detail === undefined ? { what } : { what, detail };
  });
}

/** Whether every value, or every bit, that is set is one the table knows. */
export function isExplained(point: RegisterPoint, value: number): boolean {
  const { values = {}, bits = {}, quiet = [], isPartial = false } = point.says ?? {};
  if (isPartial || value === 0 || value in values || quiet.includes(value)) return true;
  const known = Object.keys(bits).reduce((mask, bit) => mask + 2 ** Number(bit), 0);
  const left = (value & ~known) >>> 0;
  return left === 0 || (left !== value && (left in values || quiet.includes(left)));
}

/** The state value that says it: the first that does; null where the point cannot. */
export function valueSaying(point: RegisterPoint, what: What, detail?: string): number | null {
  const { values = {}, bits = {}, details = {} } = point.says ?? {};
  const rows: Array<[number, number, What]> = [
    ...Object.entries(values).map(([key, word]) => [Number(key), Number(key), word] as [number, number, What]),
    ...Object.entries(bits).map(([key, word]) => [Number(key), 2 ** Number(key), word] as [number, number, What]),
  ];
  const fitting = rows.filter(([, , word]) => word === what);
  return (fitting.find(([key]) => details[key] === detail) ?? fitting[0])?.[1] ?? null;
}

/** The word that ends a word: what a state report says when something it said before is gone. */
export const ENDED_BY: Readonly<Partial<Record<What, What>>> = {
  fire: 'restored',
  prealarm: 'restored',
  supervisory: 'restored',
  fault: 'fault-restored',
  'power-fault': 'power-restored',
  shield: 'unshield',
  start: 'stop',
  feedback: 'feedback-ended',
  delay: 'delay-ended',
  removed: 'reinstalled',
  manual: 'automatic',
  'water-release': 'water-release-ended',
};
