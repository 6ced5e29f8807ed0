import type { Words } from '../words.ts';
import { type Saying, type Sayings, says } from './saying.ts';

export const ATTRIBUTES: Readonly<Record<number, Words>> = {
  193: { en: 'start', zh: '启动' },
  194: { en: 'fault', zh: '故障' },
  195: { en: 'fire', zh: '火警' },
  197: { en: 'isolated', zh: '隔离' },
  198: { en: 'other', zh: '其他' },
};

/** State 00: what the attribute says is over. A restore also arrives under the fault attribute. */
export const NORMAL: Sayings = {
  193: says('stop', 'normal', '正常'),
  194: says('fault-restored', 'normal', '正常'),
  195: says('restored', 'normal', '正常'),
  197: says('unshield', 'normal', '正常'),
};

interface InfoType extends Words {
  /** Whether loop and address name a point; otherwise building and zone carry a number. */
  readonly isPoint?: true;
  readonly detail?: string;
}
export const INFO_TYPES: Readonly<Record<number, InfoType>> = {
  1: { en: 'detector', zh: '探测器', isPoint: true },
  2: { en: 'module', zh: '模块', isPoint: true },
  3: { en: 'loop', zh: '回路', detail: 'loop' },
  4: { en: 'mains', zh: '主电', detail: 'main' },
  5: { en: 'battery', zh: '备电', detail: 'backup' },
  6: { en: 'computer', zh: '计算机', detail: 'computer' },
  7: { en: 'display', zh: '显示盘', detail: 'display' },
  8: { en: 'multi-wire', zh: '多线', isPoint: true, detail: 'multi-wire' },
  9: { en: 'controller', zh: '控制器', detail: 'controller' },
  10: { en: 'network module', zh: '网络模块', detail: 'network' },
  11: { en: 'charger', zh: '充电器', detail: 'charger' },
  12: { en: 'system board', zh: '系统板', detail: 'system-board' },
};
export const LOOP = 0x3;
/** Info types of which a controller has one: the computer, and the controller itself. */
export const WHOLE: readonly number[] = [0x6, 0x9];
/** Info types whose fault is a fault of the supply. */
export const SUPPLIES: readonly number[] = [0x4, 0x5];

const loopFaults: ReadonlyArray<readonly [string, string, string]> = [
  ['bus short', '总线短路', 'bus-short'],
  ['24 V bus abnormal', '24V 总线异常', 'bus-24v'],
  ['24 V leakage', '24V 漏电', 'leakage-24v'],
  ['reference voltage', '参考电压', 'reference-voltage'],
  ['5 V leakage', '5V 漏电', 'leakage-5v'],
  ['5 V voltage', '5V 电压', 'voltage-5v'],
  ['0 V voltage', '0V 电压', 'voltage-0v'],
  ['0 V leakage', '0V 漏电', 'leakage-0v'],
  ['high-voltage break', '高压断开', 'high-voltage-break'],
  ['voltage too low', '电压过低', 'voltage-low'],
  ['voltage too high', '电压过高', 'voltage-high'],
  ['positive current', '正电流', 'positive-current'],
  ['leakage current', '漏电流', 'leakage-current'],
  ['negative wire', '负线', 'negative-wire'],
  ['positive wire', '正线', 'positive-wire'],
  ['cannot power up', '无法上电', 'power-up'],
];

/** States. The first row of a word is the one a simulator uses. */
export const STATES: Readonly<Record<number, Saying>> = {
  5: says('fire', 'fire', '火警'),
  9: says('fault', 'fault', '故障'),
  10: says('fault-restored', 'restored', '恢复'),
  1: says('fault', 'address lost', '地址丢失', 'address-lost'),
  2: says('fault', 'device error', '设备错误', 'device-error'),
  3: says('fault', 'duplicate address', '地址重码', 'duplicate-address'),
  4: says('fault', 'action failed', '动作失败', 'action-failed'),
  6: says('operation', 'local operation', '现场操作', 'local-operation'),
  7: says('feedback', 'action succeeded', '动作成功'),
  8: says('fault', 'open', '断路', 'open'),
  11: says('fault', 'short', '短路', 'short'),
  14: says('fault', 'multi-wire short', '多线短路', 'multi-wire-short'),
  15: says('fault', 'multi-wire open', '多线断路', 'multi-wire-open'),
  16: says('fault', 'multi-wire fault', '多线故障', 'multi-wire'),
  17: says('fault-restored', 'multi-wire normal', '多线正常', 'multi-wire'),
  18: says('fault', 'self-diagnosis fault', '自诊断故障', 'self-diagnosis'),
  19: says('fault', 'dirty', '污染', 'dirty'),
  20: says('fault', 'communication fault', '通信故障', 'communication'),
  21: says('fault-restored', 'communication normal', '通信正常', 'communication'),
  22: says('fault', 'flash fault', '存储故障', 'flash'),
  23: says('fault-restored', 'flash restored', '存储恢复', 'flash'),
  24: says('start', 'multi-wire start', '多线启动'),
  25: says('stop', 'multi-wire stop', '多线停止'),
  26: says('feedback', 'start done', '启动完成', 'start-done'),
  27: says('feedback-ended', 'stop done', '停止完成', 'stop-done'),
  28: says('start', 'local start', '现场启动', 'local'),
  29: says('stop', 'local stop', '现场停止', 'local'),
  30: says('fault', 'start failed', '启动失败', 'start-failed'),
  31: says('fault', 'stop failed', '停止失败', 'stop-failed'),
  33: says('operation', 'power-on', '开机', 'power-on'),
  34: says('reset', 'reset', '复位'),
  35: says('automatic', 'manual to automatic', '手动转自动'),
  36: says('operation', 'fire confirmed', '火警确认', 'fire-confirmed'),
  37: says('operation', 'pre-alarm confirmed', '预警确认', 'prealarm-confirmed'),
  38: says('restored', 'pre-alarm reset', '预警复位', 'prealarm'),
  40: says('shield', 'isolated', '隔离'),
  41: says('unshield', 'released', '解除隔离'),
  42: says('shield', 'loop isolated', '回路隔离', 'loop'),
  43: says('unshield', 'loop released', '回路解除隔离', 'loop'),
  44: says('start', 'manual start', '手动启动', 'manual'),
  45: says('stop', 'manual stop', '手动停止', 'manual'),
  46: says('start', 'linkage start', '联动启动', 'linkage'),
  47: says('delay', 'linkage delay', '联动延时', 'linkage'),
  ...Object.fromEntries(
    loopFaults.map(([en, zh, detail], index) => [0x30 + index, says('fault', `loop: ${en}`, `回路:${zh}`, `loop-${detail}`)]),
  ),
  64: says('fault-restored', 'loop: bus normal', '回路:总线正常', 'loop'),
  65: says('prealarm', 'pre-alarm', '预警'),
  66: says('fault', 'fault', '故障', 'other'),
  67: says('start', 'multi-wire start, interlocked', '多线联锁启动', 'interlock'),
  68: says('stop', 'multi-wire stop, interlocked', '多线联锁停止', 'interlock'),
  69: says('feedback', 'start done, interlocked', '联锁启动完成', 'interlock'),
  70: says('fault', 'start failed, interlocked', '联锁启动失败', 'interlock-start-failed'),
  71: says('feedback-ended', 'stop done, interlocked', '联锁停止完成', 'interlock'),
  72: says('fault', 'stop failed, interlocked', '联锁停止失败', 'interlock-stop-failed'),
};

/** Floors 71–77 are basements, 81–89 mezzanines. */
export function floorName(floor: number): string {
  if (floor >= 0x71 && floor <= 0x77) return `B${floor - 0x70}`;
  return floor >= 0x81 && floor <= 0x89 ? `mezzanine ${floor - 0x80}` : String(floor);
}
