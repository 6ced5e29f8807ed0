import type { RegisterPoint } from '../family.ts';
import type { Words } from '../words.ts';
import { type Sayings, says } from './saying.ts';

/** State of a point, by bit. */
export const GAS_STATE: Sayings = {
  0: says('supervisory', 'low alarm', '低限报警', 'gas-low'),
  1: says('supervisory', 'high alarm', '高限报警', 'gas-high'),
  2: says('fault', 'fault', '故障', 'sensor'),
  3: says('shield', 'isolated or reserved', '屏蔽或预留'),
  4: says('start', 'started', '启动'),
  5: says('feedback', 'feedback', '反馈'),
};

export const UNITS: Readonly<Record<number, string>> = { 0: 'µmol/mol', 1: '%LEL', 2: '%V/V', 3: 'µmol/mol' };

/** What a raw value of a unit is worth: tenths, but for the wide range of toxic gases. */
export const UNIT_SCALES: NonNullable<RegisterPoint['unitRegister']>['units'] = {
  0: { quantity: 'gas-ppm', scale: 1 },
  1: { quantity: 'gas', scale: 0.1 },
  2: { quantity: 'gas-volume', scale: 0.1 },
  3: { quantity: 'gas-ppm', scale: 0.1 },
};

export const GASES: Readonly<Record<number, Words>> = {
  10: { en: 'natural gas', zh: '天然气' },
  13: { en: 'methane', zh: '甲烷' },
  129: { en: 'carbon monoxide', zh: '一氧化碳' },
  130: { en: 'oxygen', zh: '氧气' },
};

const OUTPUT_OPEN = 0x40;
const MAINS_AND_BATTERY_NORMAL = 0x30;
/** Mains off; low with battery normal, open, short; off with battery low. */
const MAINS_TROUBLES = [0x10, 0x20, 0x23, 0x21, 0x11];
const withOutputs = (codes: readonly number[]) => codes.flatMap((code) => [code, code | OUTPUT_OPEN]);

/**
 * State of a supply. Every trouble of the battery (33 open, 31 short, 23, 21, 11 beside one of the mains) has bit 0; +40 means
 * that the external output is open.
 */
export const SUPPLY_SAYS: NonNullable<RegisterPoint['says']> = {
  values: Object.fromEntries(withOutputs(MAINS_TROUBLES).map((code) => [code, 'power-fault'] as const)),
  bits: { 0: 'power-fault', 6: 'fault' },
  details: { ...Object.fromEntries(withOutputs(MAINS_TROUBLES).map((code) => [code, 'main'])), 0: 'backup', 6: 'supply-output-open' },
  quiet: withOutputs([MAINS_AND_BATTERY_NORMAL, 0x31, 0x33]),
};

/** Faults of the controller, by bit. */
export const CONTROLLER_BITS: Readonly<Record<number, string>> = {
  0: 'can-link',
  1: 'crt-link',
  3: 'network',
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((loop) =>
      ['open', 'short', 'board-link'].map((what, index) => [4 + 3 * (loop - 1) + index, `loop-${loop}-${what}`]),
    ),
  ),
};
