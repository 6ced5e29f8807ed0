import { type Measured, QUANTITIES } from '../event.ts';
import { ANALOGUE_TYPES } from './codes.ts';

/** A value as table 6 writes it: nearest step, half away from zero, within its range; type 0 where the table has no such quantity. */
export function stepsOf(measured: Measured | null | undefined): { readonly analogueType: number; readonly raw: number } {
  const code = measured ? QUANTITIES[measured.quantity].code : 0;
  const type = ANALOGUE_TYPES.get(code);
  if (!measured || !type || measured.value === null) return { analogueType: 0, raw: 0 };
  const within = Math.min(type.max, Math.max(type.min, measured.value));
  return { analogueType: code, raw: Math.sign(within) * Math.round(Math.abs(within) * type.perUnit) };
}
