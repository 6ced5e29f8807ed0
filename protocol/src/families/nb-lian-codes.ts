import type { Saying } from './saying.ts';
import { says } from './saying.ts';

type Codes = Readonly<Record<string, Saying>>;

/** Alarm_Status of the smoke detector. */
export const SMOKE_STATUS: Codes = {
  1: says('fire', 'alarm', '报警'),
  2: says('silence', 'muted', '消音'),
  3: says(null, 'reserved', '预留'),
  4: says('battery-low', 'low voltage', '低电压'),
  5: says('fault', 'fault', '故障'),
  6: says('fault', 'data abnormal', '数据异常', 'data'),
  7: says('restored', 'normal', '正常'),
  8: says('silence', 'single mute command', '单次消音命令', 'mute-once'),
  9: says('silence', 'continuous mute command', '连续消音命令', 'mute-continuous'),
  10: says('removed', 'removed', '拆除'),
  11: says('reinstalled', 're-installed', '重新安装'),
  12: says('link', 'online', '上线', 'restored'),
  13: says('fault', 'abnormal', '异常', 'abnormal'),
  14: says('test', 'simulated alarm', '模拟报警', 'simulated-alarm'),
};

/** gas_sensor_state decides, gas_value can be 0 with it. */
export const GAS_STATES: Codes = {
  0: says('reading', 'normal', '正常'),
  1: says('supervisory', 'low alarm', '低限报警', 'gas-low'),
  2: says('supervisory', 'high alarm', '高限报警', 'gas-high'),
};
/** Numbers of the platform's events, where their content does not tell the state. */
export const GAS_EVENTS: Codes = {
  1001: says('supervisory', 'alarm', '报警', 'gas-alarm'),
  1002: says('fault', 'fault', '故障'),
  1003: says('battery-low', 'low battery', '低电量'),
  '-1': says('heartbeat', 'heartbeat', '心跳'),
  7: says('restored', 'normal', '正常'),
};
export const VALVES: Readonly<Record<string, string>> = { 0: 'open', 1: 'shut', 2: 'none' };
export const FANS: Readonly<Record<string, string>> = { 0: 'off', 1: 'on', 2: 'none', 3: 'unknown' };
export const MEDIA: Readonly<Record<string, string>> = { 0: 'natural gas', 1: 'LPG', 2: 'coal gas', 3: 'CO', 4: 'H2S' };

/** alarmType of the electrical and generic dialect; one implementation. */
export const GENERIC_ALARMS: Codes = {
  100: says('supervisory', 'hazard', '隐患', 'hazard'),
  201: says('supervisory', 'leakage', '漏电', 'residual-current-high'),
  202: says('supervisory', 'over-temperature', '超温', 'temperature-high'),
  205: says('fire', 'alarm', '报警'),
  206: says('text', 'absent from post', '离岗', 'absent'),
  207: says('fire', 'smoke', '烟雾', 'smoke'),
  208: says('fire', 'manual', '手动报警', 'manual'),
  209: says('supervisory', 'gas', '燃气', 'gas-alarm'),
  603: says('supervisory', 'short circuit', '短路', 'short'),
  604: says('supervisory', 'overload', '过载', 'over-current'),
  605: says('supervisory', 'over-voltage', '过压', 'over-voltage'),
  606: says('supervisory', 'under-voltage', '欠压', 'under-voltage'),
  607: says('supervisory', 'over-temperature or poor contact', '超温或接触不良', 'temperature-high'),
  608: says('supervisory', 'phase loss', '缺相', 'phase-loss'),
  609: says('supervisory', 'imbalance', '不平衡', 'imbalance'),
  610: says('fault', 'neutral fault', '零线故障', 'neutral'),
  615: says('battery-low', 'battery low', '电池低'),
  80101: says('shield', 'isolated', '屏蔽'),
  80102: says('unshield', 'released', '解除屏蔽'),
  80201: says('start', 'start', '启动'),
  80202: says('stop', 'stop', '停止'),
  80301: says('reset', 'reset', '复位'),
  80302: says('restored', 'normal', '正常'),
  80401: says('delay', 'delay', '延时'),
  80402: says('delay-ended', 'no delay', '未延时'),
  80501: says('supervisory', 'supervisory', '监管'),
  80502: says('restored', 'no supervisory', '监管解除', 'supervisory'),
  80601: says('feedback', 'feedback', '反馈'),
  80602: says('feedback-ended', 'no feedback', '反馈撤销'),
  80801: says('feedback', 'operated', '动作', 'operated'),
  80802: says('feedback-ended', 'restored', '动作恢复', 'operated'),
};
