import type { Words } from '../words.ts';
import { type Sayings, says } from './saying.ts';

/** Codes of the panel, decimal as in the document. */
export const EVENTS: Sayings = {
  110: says('fire', 'fire', '火警'),
  111: says('fault', 'fault', '故障'),
  112: says('start', 'start', '启动'),
  113: says('feedback', 'feedback', '反馈'),
  114: says('supervisory', 'supervisory', '监管'),
  115: says('shield', 'isolated', '隔离'),
  116: says(null, 'reserved', '预留'),
};
export const RESET = 0;
export const PATROL = 100;
export const TOTALS = 103;
export const ATTRIBUTES = 104;

/** Loops that are no bus loop: which part of the panel speaks. */
export const LOOPS: Readonly<Record<number, Words & { readonly detail: string }>> = {
  0: { en: 'multi-wire', zh: '多线', detail: 'multi-wire' },
  73: { en: 'floor display', zh: '楼层显示器', detail: 'display' },
  74: { en: 'mains', zh: '主电', detail: 'main' },
  76: { en: 'battery', zh: '备电', detail: 'backup' },
  77: { en: 'serial port', zh: '串口', detail: 'serial-port' },
  78: { en: 'loop short', zh: '回路短路', detail: 'loop-short' },
  79: { en: 'loop open', zh: '回路断路', detail: 'loop-open' },
  80: { en: 'board link', zh: '板卡通信', detail: 'board-link' },
  82: { en: 'board link', zh: '板卡通信', detail: 'board-link' },
  83: { en: 'gas board', zh: '气体灭火板', detail: 'gas-board' },
  84: { en: 'CAN', zh: 'CAN', detail: 'can' },
  85: { en: 'external supply', zh: '外接电源', detail: 'external-supply' },
  196: { en: 'PA', zh: '广播', detail: 'pa' },
};
export const MAINS_LOOP = 74;
export const BATTERY_LOOP = 76;
export const SUPPRESSION_LOOPS = { from: 200, to: 207 } as const;

const type = (en: string, zh: string, componentType?: number) => (componentType === undefined ? { en, zh } : { en, zh, componentType });
/** Part types; with the component type of GB/T 26875.3-2011 table 5 where there is one. */
export const TYPES: Readonly<Record<number, Words & { readonly componentType?: number }>> = {
  0: type('smoke', '感烟', 42),
  1: type('heat', '感温', 31),
  2: type('rate heat', '差温', 33),
  3: type('residual current', '剩余电流', 17),
  4: type('electrical temperature', '电气测温', 18),
  5: type('manual', '手动按钮', 23),
  6: type('hydrant button', '消火栓按钮', 24),
  7: type('cable heat', '缆式感温', 34),
  8: type('fibre heat', '光纤感温', 37),
  9: type('beam', '红外光束', 43),
  10: type('pressure switch', '压力开关', 99),
  11: type('combustible gas', '可燃气体', 10),
  12: type('flow', '水流指示器', 96),
  13: type('input module', '输入模块', 85),
  14: type('display', '显示器', 22),
  15: type('parallel detector', '并接探测器', 25),
  16: type('sensor 2', '传感器2', 25),
  17: type('sensor 3', '传感器3', 25),
  18: type('sensor 4', '传感器4', 25),
  19: type('sensor 5', '传感器5', 25),
  20: type('I/O', '输入输出模块', 87),
  21: type('pulse', '脉冲模块', 86),
  22: type('automatic', '自动模块', 86),
  23: type('automatic pulse', '自动脉冲模块', 86),
  24: type('PA', '广播'),
  25: type('bell', '警铃', 121),
  26: type('sounder-strobe', '声光', 121),
  27: type('fresh-air fan', '新风机', 104),
  28: type('lighting cut', '切照明'),
  29: type('power cut', '切电源'),
  30: type('smoke damper', '排烟阀', 113),
  31: type('pressurisation valve', '正压阀', 114),
  32: type('shutter half', '卷帘半降', 117),
  33: type('shutter full', '卷帘全降', 117),
  34: type('siren', '警笛', 121),
  35: type('smoke-exhaust fan', '排烟机', 111),
  36: type('damper', '防火阀', 103),
  37: type('door', '防火门', 102),
  38: type('HVAC cut', '切空调', 104),
  39: type('pressurisation fan', '正压风机', 111),
  40: type('curtain', '挡烟垂壁', 116),
  41: type('lift', '电梯'),
  42: type('signal valve', '信号阀', 97),
  43: type('emergency light', '应急照明'),
  54: type('multi-wire', '多线'),
  55: type('gas', '气体灭火', 81),
};

/** State of an object, on bus loops. */
export const STATES: Readonly<Record<number, Words>> = {
  1: { en: 'fire', zh: '火警' },
  2: { en: 'supervisory', zh: '监管' },
  3: { en: 'isolated', zh: '隔离' },
  7: { en: 'module started', zh: '模块启动' },
  8: { en: 'fault', zh: '故障' },
  16: { en: 'board link', zh: '板卡通信' },
  78: { en: 'short', zh: '短路' },
  79: { en: 'open', zh: '断路' },
  83: { en: 'gas board', zh: '气体灭火板' },
  196: { en: 'PA fault', zh: '广播故障' },
};
/** State of an object of loop 0, the multi-wire panel. */
export const MULTI_WIRE_STATES: Readonly<Record<number, Words>> = {
  1: { en: 'start', zh: '启动' },
  2: { en: 'feedback', zh: '反馈' },
  3: { en: 'start and feedback', zh: '启动并反馈' },
  8: { en: 'fault', zh: '故障' },
};
/** State of an object of loops 200–207, the gas-suppression units. */
export const SUPPRESSION_STATES: Readonly<Record<number, Words>> = {
  0: { en: 'panel signal', zh: '盘面信号' },
  1: { en: 'local signal', zh: '现场信号' },
  2: { en: 'fire signal', zh: '火警信号' },
  3: { en: 'panel discharge', zh: '盘面喷洒' },
  4: { en: 'local discharge', zh: '现场喷洒' },
  5: { en: 'fire discharge', zh: '火警喷洒' },
  6: { en: 'panel start', zh: '盘面启动' },
  7: { en: 'local start', zh: '现场启动' },
  8: { en: 'fire start', zh: '火警启动' },
  9: { en: 'unknown start', zh: '未知启动' },
};
/** High nibble of the point on loops 200–207. */
export const SUPPRESSION_DEVICES: Readonly<Record<number, string>> = {
  1: 'sounder',
  2: 'discharge lamp',
  3: 'cylinder valve',
  4: 'start valve',
  5: 'control module',
  6: 'local panel',
  10: 'sounder start',
  11: 'discharge lamp start',
  12: 'cylinder valve start',
  13: 'start valve start',
  14: 'module start',
};

const BY = ['panel button', 'local button', 'fire alarm', 'unknown'] as const;
const PARTS = ['sounder', 'discharge lamp', 'cylinder valve', 'start valve', 'module'] as const;
/** First text byte on loops 200–207: what happened. */
export const SUPPRESSION_EVENTS: Readonly<Record<number, string>> = {
  ...Object.fromEntries(BY.slice(0, 3).map((by, index) => [index, `start signal from ${by}`])),
  ...Object.fromEntries(BY.slice(0, 3).map((by, index) => [3 + index, `discharge signal from ${by}`])),
  ...Object.fromEntries(BY.map((by, index) => [6 + index, `discharge started by ${by}`])),
  ...Object.fromEntries(
    PARTS.flatMap((part, index) => [
      [10 + 2 * index, `${part} operated`],
      [11 + 2 * index, `${part} fault`],
    ]),
  ),
  20: 'local panel fault',
  // Four causes for each part; the document numbers them five apart.
  ...Object.fromEntries(
    PARTS.slice(0, 4).flatMap((_, cause) => PARTS.map((part, index) => [21 + 5 * cause + index, `${part} started by ${BY[cause]}`])),
  ),
};
