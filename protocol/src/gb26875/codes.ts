import type { Words } from '../words.ts';

/** 系统类型, GB/T 26875.3-2011 table 4. 2–9 and 25–127 are reserved, 128–255 user-defined. */
export const SYSTEM_TYPES: ReadonlyMap<number, Words> = new Map([
  [0, { en: 'general', zh: '通用' }],
  [1, { en: 'fire alarm system', zh: '火灾报警系统' }],
  [10, { en: 'fire linkage controller', zh: '消防联动控制器' }],
  [11, { en: 'hydrant system', zh: '消火栓系统' }],
  [12, { en: 'sprinkler system', zh: '自动喷水灭火系统' }],
  [13, { en: 'gas extinguishing', zh: '气体灭火系统' }],
  [14, { en: 'water spray, started by pump', zh: '水喷雾灭火系统(泵启动方式)' }],
  [15, { en: 'water spray, started by pressure vessel', zh: '水喷雾灭火系统(压力容器启动方式)' }],
  [16, { en: 'foam extinguishing', zh: '泡沫灭火系统' }],
  [17, { en: 'dry powder extinguishing', zh: '干粉灭火系统' }],
  [18, { en: 'smoke control and exhaust', zh: '防烟排烟系统' }],
  [19, { en: 'fire doors and shutters', zh: '防火门及卷帘系统' }],
  [20, { en: 'fire lift', zh: '消防电梯' }],
  [21, { en: 'emergency broadcast', zh: '消防应急广播' }],
  [22, { en: 'emergency lighting and evacuation signs', zh: '消防应急照明和疏散指示系统' }],
  [23, { en: 'fire power supply', zh: '消防电源' }],
  [24, { en: 'fire telephone', zh: '消防电话' }],
]);

/** What table 5 has no number for, in its user-defined range where no maker was seen to use it: a sensor on a hydrant is no hydrant button. */
export const HYDRANT_PRESSURE = 240;

/** 部件类型, GB/T 26875.3-2011 table 5. Gaps are reserved, 128–255 user-defined. */
export const COMPONENT_TYPES: ReadonlyMap<number, Words> = new Map([
  [0, { en: 'general', zh: '通用' }],
  [1, { en: 'fire alarm control unit', zh: '火灾报警控制器' }],
  [10, { en: 'combustible gas detector', zh: '可燃气体探测器' }],
  [11, { en: 'point combustible gas detector', zh: '点型可燃气体探测器' }],
  [12, { en: 'stand-alone combustible gas detector', zh: '独立式可燃气体探测器' }],
  [13, { en: 'line combustible gas detector', zh: '线型可燃气体探测器' }],
  [16, { en: 'electrical fire monitoring alarm unit', zh: '电气火灾监控报警器' }],
  [17, { en: 'residual-current electrical fire detector', zh: '剩余电流式电气火灾监控探测器' }],
  [18, { en: 'temperature electrical fire detector', zh: '测温式电气火灾监控探测器' }],
  [21, { en: 'detection loop', zh: '探测回路' }],
  [22, { en: 'fire display panel (repeater)', zh: '火灾显示盘' }],
  [23, { en: 'manual call point', zh: '手动火灾报警按钮' }],
  [24, { en: 'hydrant button', zh: '消火栓按钮' }],
  [25, { en: 'fire detector', zh: '火灾探测器' }],
  [30, { en: 'heat detector', zh: '感温火灾探测器' }],
  [31, { en: 'point heat detector', zh: '点型感温火灾探测器' }],
  [32, { en: 'point heat detector, type S', zh: '点型感温火灾探测器(S型)' }],
  [33, { en: 'point heat detector, type R', zh: '点型感温火灾探测器(R型)' }],
  [34, { en: 'line heat detector', zh: '线型感温火灾探测器' }],
  [35, { en: 'line heat detector, type S', zh: '线型感温火灾探测器(S型)' }],
  [36, { en: 'line heat detector, type R', zh: '线型感温火灾探测器(R型)' }],
  [37, { en: 'optical-fibre heat detector', zh: '光纤感温火灾探测器' }],
  [40, { en: 'smoke detector', zh: '感烟火灾探测器' }],
  [41, { en: 'point ionisation smoke detector', zh: '点型离子感烟火灾探测器' }],
  [42, { en: 'point optical smoke detector', zh: '点型光电感烟火灾探测器' }],
  [43, { en: 'beam smoke detector', zh: '线型光束感烟火灾探测器' }],
  [44, { en: 'aspirating smoke detector', zh: '吸气式感烟火灾探测器' }],
  [50, { en: 'combined detector', zh: '复合式火灾探测器' }],
  [51, { en: 'smoke + heat detector', zh: '复合式感烟感温火灾探测器' }],
  [52, { en: 'light + heat detector', zh: '复合式感光感温火灾探测器' }],
  [53, { en: 'light + smoke detector', zh: '复合式感光感烟火灾探测器' }],
  [61, { en: 'ultraviolet flame detector', zh: '紫外火焰探测器' }],
  [62, { en: 'infrared flame detector', zh: '红外火焰探测器' }],
  [69, { en: 'light-sensing fire detector', zh: '感光火灾探测器' }],
  [74, { en: 'gas detector', zh: '气体探测器' }],
  [78, { en: 'image fire detector', zh: '图像摄像方式火灾探测器' }],
  [79, { en: 'sound-sensing fire detector', zh: '感声火灾探测器' }],
  [81, { en: 'gas extinguishing controller', zh: '气体灭火控制器' }],
  [82, { en: 'fire electrical control device', zh: '消防电气控制装置' }],
  [83, { en: 'control-room graphic display', zh: '消防控制室图形显示装置' }],
  [84, { en: 'module', zh: '模块' }],
  [85, { en: 'input module', zh: '输入模块' }],
  [86, { en: 'output module', zh: '输出模块' }],
  [87, { en: 'input/output module', zh: '输入/输出模块' }],
  [88, { en: 'relay (repeater) module', zh: '中继模块' }],
  [91, { en: 'fire pump', zh: '消防水泵' }],
  [92, { en: 'fire water tank', zh: '消防水箱' }],
  [95, { en: 'sprinkler pump', zh: '喷淋泵' }],
  [96, { en: 'water flow indicator', zh: '水流指示器' }],
  [97, { en: 'signal valve', zh: '信号阀' }],
  [98, { en: 'alarm valve', zh: '报警阀' }],
  [99, { en: 'pressure switch', zh: '压力开关' }],
  [101, { en: 'valve drive', zh: '阀驱动装置' }],
  [102, { en: 'fire door', zh: '防火门' }],
  [103, { en: 'fire damper', zh: '防火阀' }],
  [104, { en: 'ventilation and air conditioning', zh: '通风空调' }],
  [105, { en: 'foam pump', zh: '泡沫液泵' }],
  [106, { en: 'pipe solenoid valve', zh: '管网电磁阀' }],
  [111, { en: 'smoke control/exhaust fan', zh: '防烟排烟风机' }],
  [113, { en: 'smoke exhaust fire damper', zh: '排烟防火阀' }],
  [114, { en: 'normally closed air inlet', zh: '常闭送风口' }],
  [115, { en: 'smoke outlet', zh: '排烟口' }],
  [116, { en: 'electric smoke curtain', zh: '电控挡烟垂壁' }],
  [117, { en: 'fire shutter controller', zh: '防火卷帘控制器' }],
  [118, { en: 'fire door monitor', zh: '防火门监控器' }],
  [121, { en: 'warning device', zh: '警报装置' }],
  [HYDRANT_PRESSURE, { en: 'hydrant pressure sensor', zh: '消火栓压力传感器' }],
]);

/** One kind of analogue value: a whole number of steps. `perUnit` steps make one unit: dividing keeps tenths exact where multiplying by 0.1 would not. */
export interface AnalogueType extends Words {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly perUnit: number;
}

/** 模拟量类型, GB/T 26875.3-2011 table 6. 13–127 are reserved, 128–255 user-defined. */
export const ANALOGUE_TYPES: ReadonlyMap<number, AnalogueType> = new Map([
  [1, { unit: '件', min: 0, max: 32000, perUnit: 1, en: 'event count', zh: '事件计数' }],
  [2, { unit: 'm', min: 0, max: 320, perUnit: 100, en: 'height', zh: '高度' }],
  [3, { unit: '℃', min: -273, max: 3200, perUnit: 10, en: 'temperature', zh: '温度' }],
  [4, { unit: 'MPa', min: 0, max: 3200, perUnit: 10, en: 'pressure', zh: '压力' }],
  [5, { unit: 'kPa', min: 0, max: 3200, perUnit: 10, en: 'pressure', zh: '压力' }],
  [6, { unit: '%LEL', min: 0, max: 100, perUnit: 10, en: 'gas concentration', zh: '气体浓度' }],
  [7, { unit: 's', min: 0, max: 32000, perUnit: 1, en: 'time', zh: '时间' }],
  [8, { unit: 'V', min: 0, max: 3200, perUnit: 10, en: 'voltage', zh: '电压' }],
  [9, { unit: 'A', min: 0, max: 3200, perUnit: 10, en: 'current', zh: '电流' }],
  [10, { unit: 'L/s', min: 0, max: 3200, perUnit: 10, en: 'flow', zh: '流量' }],
  [11, { unit: 'm³/min', min: 0, max: 3200, perUnit: 10, en: 'air volume', zh: '风量' }],
  [12, { unit: 'm/s', min: 0, max: 20, perUnit: 1, en: 'air speed', zh: '风速' }],
]);

/** A bit of a state or operation word. */
interface Bit extends Words {
  readonly name: string;
}

function bits(...rows: ReadonlyArray<readonly [bit: number, name: string, en: string, zh: string]>): ReadonlyMap<number, Bit> {
  return new Map(rows.map(([bit, name, en, zh]) => [bit, { name, en, zh }]));
}

/** 系统状态, Fig. 6. Bit 0 clear means test, or a device that does not set the bit: it never suppresses an alarm. */
export const SYSTEM_STATES = bits(
  [0, 'normal', 'normal running', '正常运行'],
  [1, 'fire', 'fire', '火警'],
  [2, 'fault', 'fault', '故障'],
  [3, 'shield', 'shield', '屏蔽'],
  [4, 'supervisory', 'supervisory', '监管'],
  [5, 'start', 'started (open)', '启动(开启)'],
  [6, 'feedback', 'feedback', '反馈'],
  [7, 'delay', 'delay', '延时'],
  [8, 'main-power', 'main power fault', '主电故障'],
  [9, 'backup-power', 'backup power fault', '备电故障'],
  [10, 'bus', 'bus fault', '总线故障'],
  [11, 'manual', 'manual', '手动'],
  [12, 'configuration', 'configuration changed', '配置改变'],
  [13, 'reset', 'reset', '复位'],
);

/** 部件状态, Fig. 7: as the system up to bit 7, bit 8 is the part's own power; 9–15 are reserved. */
export const COMPONENT_STATES: ReadonlyMap<number, Bit> = new Map([
  ...[...SYSTEM_STATES].filter(([bit]) => bit < 8),
  ...bits([8, 'main-power', 'power fault', '电源故障']),
]);

/** 用户信息传输装置运行状态, Fig. 13. */
export const DEVICE_STATES = bits(
  [0, 'normal', 'normal monitoring', '正常监视'],
  [1, 'fire', 'fire', '火警'],
  [2, 'fault', 'fault', '故障'],
  [3, 'main-power', 'main power fault', '主电故障'],
  [4, 'backup-power', 'backup power fault', '备电故障'],
  [5, 'centre-link', 'channel to the centre faulty', '与监控中心通信信道故障'],
  [6, 'line', 'monitored line faulty', '监测连接线路故障'],
);

/** 建筑消防设施操作标志, Fig. 9. */
export const FACILITY_OPERATIONS = bits(
  [0, 'reset', 'reset', '复位'],
  [1, 'mute', 'mute', '消音'],
  [2, 'manual-alarm', 'manual alarm', '手动报警'],
  [3, 'alarm-cleared', 'alarm cleared', '警情消除'],
  [4, 'self-test', 'self-test', '自检'],
  [5, 'confirm', 'confirm', '确认'],
  [6, 'test', 'test', '测试'],
);

/** 用户信息传输装置操作标志, Fig. 14: bit 5 is the duty answer. */
export const DEVICE_OPERATIONS: ReadonlyMap<number, Bit> = new Map([
  ...FACILITY_OPERATIONS,
  ...bits([5, 'duty-answer', 'duty answer', '查岗应答']),
]);

/** The names of the bits that are set, lowest first; a set bit without a meaning is `bit-<n>`. */
export function namesOfBits(word: number, table: ReadonlyMap<number, Bit>): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 16; bit++) if (word & (1 << bit)) names.push(table.get(bit)?.name ?? `bit-${bit}`);
  return names;
}

/** 控制单元命令字节, table 2. */
export function commandName(command: number): string {
  if (command >= 128) return 'user-defined';
  return ['reserved', 'control', 'send', 'confirm', 'request', 'answer', 'denial'][command] ?? 'reserved';
}
