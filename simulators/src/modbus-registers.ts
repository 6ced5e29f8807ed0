import type { RegisterPoint } from '@fengsui/protocol';

/** The four tables of a Modbus device, by function code: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. */
export class RegisterImage {
  readonly #tables = new Map<number, Map<number, number>>();

  get(table: number, address: number): number {
    return this.#tables.get(table)?.get(address) ?? 0;
  }

  set(table: number, address: number, value: number): void {
    const cells = this.#tables.get(table) ?? new Map<number, number>();
    this.#tables.set(table, cells.set(address, value));
  }
}

/** Registers (or bits) a point takes. */
export function widthOf(point: RegisterPoint): number {
  return point.type === 'u32' || point.type === 'i32' || point.type === 'f32' ? 2 : 1;
}

function decimalsOf(point: RegisterPoint, image: RegisterImage): number {
  return point.decimalsRegister === undefined ? 0 : image.get(point.function, point.decimalsRegister);
}

const ORDERS = { ABCD: [0, 1, 2, 3], CDAB: [2, 3, 0, 1], BADC: [1, 0, 3, 2], DCBA: [3, 2, 1, 0] } as const;

function wideBytes(type: 'u32' | 'i32' | 'f32', value: number): DataView {
  const view = new DataView(new ArrayBuffer(4));
  if (type === 'f32') view.setFloat32(0, value);
  else if (type === 'i32') view.setInt32(0, Math.round(value));
  else view.setUint32(0, Math.round(value));
  return view;
}

const RANGES = {
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffffffff],
  i32: [-0x80000000, 0x7fffffff],
  f32: [-3.4028e38, 3.4028e38],
} as const;

function fits(type: keyof typeof RANGES, raw: number): boolean {
  const [least, most] = RANGES[type];
  return raw >= least && raw <= most;
}

/** A device that tells its unit tells the one that the point is counted in. */
function tellUnit(image: RegisterImage, { function: fn, unitRegister, quantity, scale = 1 }: RegisterPoint): void {
  if (!unitRegister) return;
  const { register, byte, units } = unitRegister;
  const fitting = Object.entries(units).find(([, unit]) => unit.scale === scale && (quantity === undefined || unit.quantity === quantity));
  const code = Number(fitting?.[0] ?? 0);
  const kept = image.get(fn, register);
  image.set(fn, register, byte === 'high' ? (code << 8) | (kept & 0xff) : byte === 'low' ? (kept & 0xff00) | code : code);
}

/** Puts a value, in the unit of the point, into its registers; false when they cannot hold it. */
export function putValue(image: RegisterImage, point: RegisterPoint, value: number): boolean {
  if (point.type === 'bit') {
    image.set(point.function, point.register, value ? 1 : 0);
    return true;
  }
  tellUnit(image, point);
  const raw = (value / (point.scale ?? 1)) * 10 ** decimalsOf(point, image);
  if (point.type === 'u16' || point.type === 'i16') {
    if (!fits(point.type, Math.round(raw))) return false;
    image.set(point.function, point.register, Math.round(raw) & 0xffff);
    return true;
  }
  if (!fits(point.type, point.type === 'f32' ? raw : Math.round(raw))) return false;
  const wide = wideBytes(point.type, raw);
  const [a, b, c, d] = ORDERS[point.order ?? 'ABCD'].map((index) => wide.getUint8(index)) as [number, number, number, number];
  image.set(point.function, point.register, (a << 8) | b);
  image.set(point.function, point.register + 1, (c << 8) | d);
  return true;
}

/** The value a master makes of the registers, in the unit of the point. */
export function readValue(image: RegisterImage, point: RegisterPoint): number {
  const first = image.get(point.function, point.register);
  if (point.type === 'bit') return first;
  const factor = (point.scale ?? 1) / 10 ** decimalsOf(point, image);
  if (point.type === 'u16') return tidy(first * factor);
  if (point.type === 'i16') return tidy(((first << 16) >> 16) * factor);
  const second = image.get(point.function, point.register + 1);
  const wire = [first >> 8, first & 0xff, second >> 8, second & 0xff];
  const view = new DataView(new ArrayBuffer(4));
  ORDERS[point.order ?? 'ABCD'].forEach((index, at) => {
    view.setUint8(index, wire[at]!);
  });
  const raw = point.type === 'f32' ? view.getFloat32(0) : point.type === 'i32' ? view.getInt32(0) : view.getUint32(0);
  return tidy(raw * factor);
}

/** 0.1 × 3 is 0.3: a decimal factor must not leave binary dust. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
