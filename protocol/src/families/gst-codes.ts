import type { Observation } from '../observation.ts';
import type { Words } from '../words.ts';
import { type Saying, type Sayings, says } from './saying.ts';

interface GstType extends Words {
  /** GB/T 26875.3-2011 table 5. */
  readonly componentType?: number;
}
const type = (en: string, zh: string, componentType?: number): GstType =>
  componentType === undefined ? { en, zh } : { en, zh, componentType };

/** Device types of GST panels, decimal 1–90. BCD on the CRT500 line, plain binary on the AA bus. */
export const GST_TYPES: Readonly<Record<number, GstType>> = {
  1: type('grating heat', '光栅测温', 37),
  2: type('point heat', '点型感温', 31),
  3: type('point smoke', '点型感烟', 42),
  4: type('alarm interface', '报警接口', 85),
  5: type('combined flame', '复合火焰', 69),
  6: type('beam smoke', '光束感烟', 43),
  7: type('UV flame', '紫外火焰', 61),
  8: type('linear heat', '线型感温', 34),
  9: type('aspirating smoke', '吸气感烟', 44),
  10: type('combined', '复合探测', 50),
  11: type('manual call point', '手动按钮', 23),
  12: type('PA', '消防广播'),
  13: type('sounder', '讯响器', 121),
  14: type('fire telephone', '消防电话'),
  15: type('hydrant', '消火栓', 24),
  16: type('hydrant pump', '消火栓泵', 91),
  17: type('sprinkler pump', '喷淋泵', 95),
  18: type('jockey pump', '稳压泵', 91),
  19: type('smoke-exhaust fan', '排烟机', 111),
  20: type('supply fan', '送风机', 111),
  21: type('fresh-air fan', '新风机', 104),
  22: type('fire damper', '防火阀', 103),
  23: type('smoke vent', '排烟阀', 115),
  24: type('supply vent', '送风阀', 114),
  25: type('solenoid', '电磁阀', 106),
  26: type('shutter half', '卷帘门中', 117),
  27: type('shutter full', '卷帘门下', 117),
  28: type('fire door', '防火门', 102),
  29: type('pressure switch', '压力开关', 99),
  30: type('flow indicator', '水流指示', 96),
  31: type('lift', '电梯'),
  32: type('HVAC', '空调机组', 104),
  33: type('generator', '柴油发电'),
  34: type('lighting power', '照明配电'),
  35: type('power distribution', '动力配电'),
  36: type('water-curtain solenoid', '水幕电磁', 106),
  37: type('gas start', '气体启动', 81),
  38: type('gas stop', '气体停动', 81),
  39: type('slave panel', '从机', 1),
  40: type('floor display panel', '火灾示盘', 22),
  41: type('gate valve', '闸阀', 97),
  42: type('dry powder', '干粉灭火'),
  43: type('foam pump', '泡沫泵', 105),
  44: type('fire power supply', '消防电源'),
  45: type('emergency light', '紧急照明'),
  46: type('evacuation sign', '疏导指示'),
  47: type('discharge sign', '喷洒指示', 121),
  48: type('anti-theft', '防盗模块'),
  49: type('signal butterfly valve', '信号碟阀', 97),
  50: type('smoke-control valve', '防排烟阀', 113),
  51: type('curtain pump', '水幕泵', 95),
  52: type('floor lamp', '层号灯'),
  53: type('equipment stop', '设备停动'),
  54: type('pump fault', '泵故障'),
  55: type('emergency start', '急启按钮'),
  56: type('emergency stop', '急停按钮'),
  57: type('deluge pump', '雨淋泵', 95),
  58: type('host computer', '上位机', 83),
  59: type('loop', '回路', 21),
  60: type('compressor', '空压机'),
  61: type('linkage supply', '联动电源'),
  62: type('phone jack', '电话插孔'),
  63: type('partial equipment', '部分设备'),
  64: type('deluge valve', '雨淋阀', 98),
  65: type('heat rod', '感温棒', 34),
  66: type('fault output', '故障输出', 86),
  67: type('manual allowed', '手动允许'),
  68: type('auto allowed', '自动允许'),
  69: type('combustible gas', '可燃气体', 10),
  70: type('standby indication', '备用指示'),
  71: type('door lamp', '门灯'),
  72: type('standby running', '备用工作'),
  73: type('equipment fault', '设备故障'),
  74: type('help call', '紧急求助'),
  75: type('clock supply', '时钟电源'),
  76: type('sounder-strobe', '警报输出', 121),
  77: type('alarm transmission', '报警传输'),
  78: type('ring switch', '环路开关'),
  79: type('undefined', '未定义'),
  80: type('delayed output', '延时输出', 86),
  81: type('hydrant', '消火栓', 24),
  82: type('cable heat', '缆式感温', 34),
  83: type('aspirating smoke', '吸气感烟', 44),
  84: type('aspirating fire', '吸气火警', 44),
  85: type('aspirating pre-alarm', '吸气预警', 44),
  86: type('detector dirty', '探测器脏'),
  87: type('multi-wire panel', '多线制盘'),
  88: type('analogue heat', '模拟感温', 31),
  89: type('leakage alarm', '漏电报警', 17),
  90: type('bus', '总线'),
};

/** Part of an observation that a GST device type decides. */
export function gstPart(deviceType: number): Pick<Observation, 'deviceType' | 'componentType'> {
  const componentType = GST_TYPES[deviceType]?.componentType;
  return componentType === undefined ? { deviceType } : { deviceType, componentType };
}

/** Types whose alarm is supervisory though the panel calls it a fire: combustible gas, leakage. The site profile may say otherwise. */
const SUPERVISED: Readonly<Record<number, string>> = { 69: 'gas-alarm', 89: 'residual-current-high' };

/** States of the AA bus, the CRT200 and the HW200 card. */
export const GST_STATES: Sayings = {
  21: says('fire', 'fire', '火警'),
  33: says('fault', 'fault', '故障'),
  32: says('fault-restored', 'fault cleared', '故障恢复'),
  34: says('feedback', 'operated', '动作'),
  17: says('restored', 'restored', '恢复'),
  2: says('start', 'start', '启动'),
  3: says('stop', 'stop', '停止'),
  222: says('shield', 'isolated', '隔离'),
  223: says('unshield', 'released', '释放'),
  35: says('delay', 'delay', '延时'),
  36: says('delay-ended', 'delay over', '延时结束'),
  49: says('fault', 'controller', '控制器', 'controller'),
  4: says('reset', 'reset', '复位'),
  97: says('silence', 'silence', '消音'),
  112: says('silence', 'silence (English firmware)', '消音(英文版)'),
};

/** What stands in place of the device type when the state is 31: the controller itself. One implementation. */
const CONTROLLER_SUPPLIES: Sayings = {
  130: says('power-fault', 'mains', '主电', 'main'),
  132: says('power-fault', 'battery', '备电', 'backup'),
};

/** What a state says of a device of a type. Types end at 90: 82 and 84 hex are the controller's supplies whatever the state. */
export function gstSaying(state: number, deviceType: number): Saying | undefined {
  const saying = GST_STATES[state];
  const supply = CONTROLLER_SUPPLIES[deviceType];
  if (supply && saying?.what === 'fault') return supply;
  if (supply && (saying?.what === 'fault-restored' || saying?.what === 'restored')) return { ...supply, what: 'power-restored' };
  if (state === 0x31) return CONTROLLER_SUPPLIES[deviceType] ?? saying;
  const detail = SUPERVISED[deviceType];
  return saying && detail && saying.what === 'fire' ? { ...saying, what: 'supervisory', detail } : saying;
}

/** A six-digit user code as a point; none where a digit is no decimal digit. */
export function gstAddress(code: string): Observation['address'] {
  return /^\d+$/.test(code) ? { point: Number(code) } : {};
}

/** The device type by which a simulator makes a state mean what the stimulus says. */
export function gstTypeFor(what: string, detail: string | undefined): number {
  if (what === 'supervisory') return detail === 'residual-current-high' ? 89 : 69;
  return what === 'power-fault' ? (detail === 'backup' ? 0x84 : 0x82) : 3;
}
