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

export const GASES: Readonly<Record<number, Words>> = {
  10: { en: 'natural gas', zh: '天然气' },
  13: { en: 'methane', zh: '甲烷' },
  129: { en: 'carbon monoxide', zh: '一氧化碳' },
  130: { en: 'oxygen', zh: '氧气' },
};

/** State of a supply; +40 means that its external output is open. */
export const SUPPLIES: Sayings = {
  48: says(null, 'mains and battery normal', '主备电正常'),
  51: says('power-fault', 'battery open', '备电断路', 'backup'),
  49: says('power-fault', 'battery short', '备电短路', 'backup'),
  16: says('power-fault', 'mains off', '主电断电', 'main'),
  32: says('power-fault', 'mains low', '主电欠压', 'main'),
  35: says('power-fault', 'mains low, battery open', '主电欠压且备电断路', 'main'),
  33: says('power-fault', 'mains low, battery short', '主电欠压且备电短路', 'main'),
  17: says('power-fault', 'mains off, battery low', '主电断电且备电欠压', 'main'),
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
