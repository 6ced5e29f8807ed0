import { type Sayings, says } from './saying.ts';

/** Part types; a row stands while bit 7 of the sign is set, and is over when it is clear. 02, 05, 07 and from 0F on rest on one implementation. */
export const PART_TYPES: Sayings = {
  1: says('fire', 'fire', '火警'),
  22: says('fire', 'smoke', '感烟火警', 'smoke'),
  23: says('fire', 'heat', '感温火警', 'heat'),
  14: says('fire', 'input-module fire', '输入模块火警', 'input-module'),
  3: says('prealarm', 'pre-alarm', '预警'),
  4: says('fault', 'head removed or detector fault', '探头丢失或故障'),
  10: says('feedback', 'operated', '动作'),
  11: says('shield', 'isolated', '隔离'),
  12: says('start', 'starting', '启动'),
  13: says('supervisory', 'leakage', '漏电', 'residual-current-high'),
  2: says('supervisory', 'theft', '防盗', 'theft'),
  5: says('fault', 'ageing', '老化', 'ageing'),
  7: says('fault', 'short isolator', '短路隔离器', 'isolator'),
  8: says('fault', 'not programmed', '未编程', 'not-programmed'),
  15: says('delay', 'module delaying', '模块延时'),
  19: says('fault', 'direct key output open', '直控输出断路', 'key-open'),
  20: says('fault', 'direct key output short', '直控输出短路', 'key-short'),
  21: says('fault', '24 V output short', '24V 输出短路', 'output-24v-short'),
  24: says('fault', 'smoke sensor fault', '感烟传感器故障', 'smoke-sensor'),
  25: says('fault', 'heat sensor fault', '感温传感器故障', 'heat-sensor'),
  26: says('fault', 'duplicate address', '地址重码', 'duplicate-address'),
  27: says('fault', '24 V open', '24V 断路', 'supply-24v-open'),
  28: says('fault', 'display board', '显示板', 'display-board'),
  31: says('fault', 'linkage keyboard board', '联动键盘板', 'keyboard-board'),
  32: says('fault', 'key link', '按键通信', 'key-link'),
  33: says('fault', 'keyboard link', '键盘通信', 'keyboard-link'),
  42: says('fault', 'I/O out of range', '输入输出超范围', 'io-range'),
  43: says('fault', 'signal line open', '信号线断路', 'signal-line-open'),
  48: says('supervisory', 'supervisory', '监管'),
  52: says('start', 'multi-wire start', '多线启动', 'multi-wire'),
  54: says('fault', 'multi-wire start short', '多线启动短路', 'multi-wire-start-short'),
  55: says('fault', 'multi-wire start open', '多线启动断路', 'multi-wire-start-open'),
  56: says('fault', 'multi-wire stop short', '多线停止短路', 'multi-wire-stop-short'),
  57: says('fault', 'multi-wire stop open', '多线停止断路', 'multi-wire-stop-open'),
  59: says('fault', 'sounder link', '声光通信', 'sounder-link'),
  60: says('fault', 'bus board', '总线板', 'bus-board'),
  62: says('start', 'sounder start', '声光启动', 'sounder'),
  63: says('fault', 'sounder short', '声光短路', 'sounder-short'),
  64: says('fault', 'sounder open', '声光断路', 'sounder-open'),
};

/** Loop faults; +80 restored. */
export const LOOP_FAULTS: Sayings = {
  16: says('fault', 'loop short', '回路短路', 'loop-short'),
  17: says('fault', 'loop open', '回路断路', 'loop-open'),
};

/** Others; +80 restored. */
export const OTHERS: Sayings = {
  40: says('power-fault', 'mains', '主电', 'main'),
  41: says('power-fault', 'battery', '备电', 'backup'),
  51: says('fire', 'area fire', '区域火警', 'area'),
};
