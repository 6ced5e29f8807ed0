import type { Quantity } from '../event.ts';
import type { Words } from '../words.ts';
import { type Sayings, says } from './saying.ts';

/** D1. The first row of a word is the one a simulator uses. 97 and 98 as from v2.3 (earlier documents swap them). */
export const COMMANDS: Sayings = {
  128: says('fire', 'fire', '火警'),
  10: says('fire', 'fire (second code)', '火警(第二代码)'),
  129: says('fault', 'fault', '故障'),
  130: says('fault-restored', 'fault restored', '故障恢复'),
  131: says('start', 'automatic start', '自动启动'),
  132: says('stop', 'automatic stop', '自动停止'),
  133: says('feedback', 'device answered', '设备应答'),
  134: says('feedback-ended', 'answer withdrawn', '应答撤销'),
  135: says('fault', 'loop fault', '回路故障', 'loop'),
  136: says('fault-restored', 'loop restored', '回路恢复', 'loop'),
  139: says('test', 'simulated alarm', '模拟报警'),
  140: says('supervisory', 'supervisory', '监管'),
  141: says('restored', 'supervisory cleared', '监管撤销', 'supervisory'),
  144: says('start', 'manual start', '手动启动', 'manual'),
  145: says('stop', 'manual stop', '手动停止', 'manual'),
  151: says('unshield', 'isolation removed', '屏蔽解除'),
  152: says('shield', 'isolated', '屏蔽'),
  0: says('heartbeat', 'controller heartbeat', '控制器心跳'),
  9: says('heartbeat', 'normal', '正常'),
  105: says('heartbeat', 'controller heartbeat with manual/automatic state', '控制器心跳(手自动状态)'),
  239: says('fault', 'controller fault', '控制器故障', 'controller'),
  1: says('reset', 'reset', '复位'),
  11: says('silence', 'silenced', '消音'),
  81: says('start', 'multi-wire panel: manual start', '多线盘手动启动', 'multi-wire-manual'),
  82: says('stop', 'multi-wire panel: manual stop', '多线盘手动停止', 'multi-wire-manual'),
  83: says('feedback', 'multi-wire panel: answer', '多线盘应答', 'multi-wire'),
  84: says('feedback-ended', 'multi-wire panel: stop answer', '多线盘停止应答', 'multi-wire'),
  85: says('start', 'multi-wire panel: automatic start', '多线盘自动启动', 'multi-wire'),
  86: says('stop', 'multi-wire panel: automatic stop', '多线盘自动停止', 'multi-wire'),
  87: says('delay', 'multi-wire panel: automatic start delayed', '多线盘自动启动延时', 'multi-wire'),
  88: says('fault', 'multi-wire panel: answer missing', '多线盘应答缺失', 'multi-wire-answer-missing'),
  89: says('fault', 'multi-wire panel: line fault', '多线盘线路故障', 'multi-wire-line'),
  90: says('fault-restored', 'multi-wire panel: line restored', '多线盘线路恢复', 'multi-wire-line'),
};
export const MULTI_WIRE_LOOP = 0xf2;

/** 70 board, 71 mains, 72 battery: by the loop byte. */
export const SUPPLIES: Readonly<Record<number, Sayings>> = {
  113: {
    128: says('power-fault', 'mains fault', '主电故障', 'main'),
    144: says('power-restored', 'mains restored', '主电恢复', 'main'),
  },
  114: {
    128: says('power-fault', 'battery fault', '备电故障', 'backup'),
    144: says('power-restored', 'battery restored', '备电恢复', 'backup'),
  },
  112: {
    128: says('fault', 'board fault', '板卡故障', 'board'),
    144: says('fault-restored', 'board restored', '板卡恢复', 'board'),
  },
};

/** FA, gas suppression: by the loop byte. */
export const SUPPRESSION: Sayings = {
  1: says('fault', 'line fault', '线路故障', 'suppression-line'),
  2: says('fault-restored', 'line restored', '线路恢复', 'suppression-line'),
  3: says('feedback', 'discharge confirmed', '喷洒回答', 'discharge'),
  4: says('feedback-ended', 'discharge confirmation withdrawn', '喷洒回答撤销', 'discharge'),
  5: says('start', 'sounder on', '声光启动', 'suppression-sounder'),
  6: says('stop', 'sounder off', '声光停止', 'suppression-sounder'),
  7: says('start', 'related equipment on', '相关设备启动', 'suppression-equipment'),
  8: says('stop', 'related equipment off', '相关设备停止', 'suppression-equipment'),
  9: says('start', 'protected zone started', '保护区启动', 'suppression-zone'),
  10: says('stop', 'protected zone stopped', '保护区停止', 'suppression-zone'),
  11: says('start', 'discharge started', '喷洒启动', 'discharge'),
  12: says('delay', 'delay started', '延时启动', 'suppression'),
  14: says('operation', 'remote stop withdrawn', '远程停止撤销', 'remote-stop-withdrawn'),
};

/** FB, fire doors: high nibble of D5. */
export const FIRE_DOOR: Sayings = {
  1: says('fault', 'fault', '故障', 'fire-door'),
  2: says('fault-restored', 'fault cleared', '故障恢复', 'fire-door'),
  3: says('delay', 'delayed close', '延时关闭', 'fire-door'),
  4: says('start', 'closing, automatic', '自动关闭', 'fire-door'),
  5: says('stop', 'automatic closing withdrawn', '自动关闭撤销', 'fire-door'),
  6: says('start', 'closing, manual', '手动关闭', 'fire-door-manual'),
  7: says('stop', 'manual closing withdrawn', '手动关闭撤销', 'fire-door-manual'),
  8: says('feedback', 'closed', '已关闭', 'fire-door'),
  9: says('feedback-ended', 'closed withdrawn', '关闭撤销', 'fire-door'),
  10: says('shield', 'isolated', '屏蔽', 'fire-door'),
  11: says('unshield', 'released', '屏蔽解除', 'fire-door'),
};
/** FB: low nibble of D5. */
export const FIRE_DOOR_KINDS: Readonly<Record<number, Words>> = {
  1: { en: 'single normally open', zh: '单扇常开' },
  2: { en: 'single normally closed', zh: '单扇常闭' },
  3: { en: 'double normally open', zh: '双扇常开' },
  4: { en: 'double normally closed', zh: '双扇常闭' },
};

/** FC, electrical fire: high nibble of D5, or of D13. A "pre-alarm" and an "alarm" are coded alike. */
export const ELECTRICAL: Sayings = {
  1: says('supervisory', 'alarm', '报警'),
  2: says('fault', 'fault', '故障', 'electrical'),
  3: says('fault-restored', 'fault cleared', '故障恢复', 'electrical'),
  4: says('start', 'automatic trip on', '自动脱扣启动', 'trip'),
  5: says('stop', 'automatic trip off', '自动脱扣停止', 'trip'),
  6: says('start', 'manual trip on', '手动脱扣启动', 'trip-manual'),
  7: says('stop', 'manual trip off', '手动脱扣停止', 'trip-manual'),
  8: says('shield', 'isolated', '屏蔽', 'electrical'),
  9: says('unshield', 'released', '屏蔽解除', 'electrical'),
};

interface ElectricalKind extends Words {
  readonly detail: string;
  readonly quantity?: Quantity;
  /** Steps of the wire value in one unit of the quantity. */
  readonly perUnit: number;
  /** The top bit means below zero. */
  readonly signed: boolean;
  readonly field: string;
  /** GB/T 26875.3-2011 table 5. */
  readonly componentType: number;
}
/** FC: low nibble. Residual current in 0.1 mA, temperature in 0.1 °C, current in 0.01 A. */
export const ELECTRICAL_KINDS: Readonly<Record<number, ElectricalKind>> = {
  1: { en: 'any', zh: '任意', detail: 'electrical', perUnit: 1, signed: false, field: 'value', componentType: 16 },
  2: {
    en: 'residual current',
    zh: '剩余电流',
    detail: 'residual-current-high',
    quantity: 'residual-current',
    perUnit: 10,
    signed: false,
    field: 'valueMa',
    componentType: 17,
  },
  3: {
    en: 'temperature',
    zh: '温度',
    detail: 'temperature-high',
    quantity: 'temperature',
    perUnit: 10,
    signed: true,
    field: 'valueC',
    componentType: 18,
  },
  4: { en: 'arc', zh: '电弧', detail: 'arc', perUnit: 1, signed: false, field: 'value', componentType: 16 },
  5: {
    en: 'over-current',
    zh: '过流',
    detail: 'over-current',
    quantity: 'current',
    perUnit: 100,
    signed: false,
    field: 'valueA',
    componentType: 16,
  },
  6: { en: 'trip relay', zh: '脱扣继电器', detail: 'trip-relay', perUnit: 1, signed: false, field: 'value', componentType: 16 },
};
