import type { Words } from '../words.ts';
import { type Saying, type Sayings, says } from './saying.ts';

/** What follows a head: four BCD bytes and a state; the same and a current; a status; nothing. */
export type Body = 'device' | 'leakage' | 'status' | 'bare';

interface Head extends Words {
  readonly body: Body;
  readonly table: 'alarm' | 'fault' | 'power' | 'none';
  readonly resend: boolean;
  /** What the head alone says. */
  readonly says?: Saying;
}

function head(body: Body, table: Head['table'], en: string, zh: string, said?: Saying): Omit<Head, 'resend'> {
  return said ? { body, table, en, zh, says: said } : { body, table, en, zh };
}

/** Heads as first sent, and of a repeat. */
function both(first: string, repeat: string, row: Omit<Head, 'resend'>): Array<[string, Head]> {
  const rows: Array<[string, Head]> = [[repeat, { ...row, resend: true }]];
  return first === repeat ? [[first, { ...row, resend: false }]] : [[first, { ...row, resend: false }], ...rows];
}

export const HEADS: Readonly<Record<string, Head>> = Object.fromEntries([
  ...both('0DDD', 'FDDD', head('device', 'alarm', 'alarm or device state', '报警或设备状态')),
  ...both('0999', 'F999', head('leakage', 'alarm', 'leakage alarm', '漏电报警')),
  ...both('0EEE', 'FEEE', head('device', 'fault', 'fault', '故障')),
  ...both('0AAA', 'FAAA', head('bare', 'none', 'system cleared', '系统清除', says('reset', 'reset', '复位'))),
  ...both('FAAB', 'FAAB', head('bare', 'none', 'silenced', '消音', says('silence', 'silence', '消音'))),
  ...both('F0F0', 'F0F0', head('bare', 'none', 'nothing to report', '无信息', says('heartbeat', 'idle', '空闲'))),
  ...both('CBCB', 'FBCB', head('status', 'none', 'controller status', '控制器状态')),
  ...both('FCCC', 'FCCC', head('device', 'alarm', 'test alarm', '测试报警', says('test', 'test alarm', '测试报警'))),
  ...both('FBBB', 'FBBB', head('device', 'power', 'power-loss alarm', '断电报警')),
]);

/** States behind an alarm head. 01 is read by the device type. */
export const ALARM_STATES: Sayings = {
  0: says('stop', 'stopped', '停止'),
  2: says('start', 'start command', '启动命令'),
  3: says('stop', 'stop command', '停止命令'),
  4: says('test', 'test', '测试'),
  5: says('power-fault', 'power loss', '断电', 'power-loss'),
  16: says('fault-restored', 'damage fault restored', '损坏故障恢复', 'damaged'),
  32: says('power-restored', 'power fault restored', '电源故障恢复', 'power'),
  48: says('fault-restored', 'sensor fault restored', '传感器故障恢复', 'sensor'),
  64: says('test', 'test restored', '测试恢复', 'test-over'),
  80: says('power-restored', 'power loss restored', '断电恢复', 'power-loss'),
};

/** States behind a fault head. */
export const FAULT_STATES: Sayings = {
  0: says('fault', 'fault', '故障'),
  1: says('shield', 'isolated', '隔离'),
  16: says('unshield', 'isolation released', '隔离解除'),
  3: says('delay', 'delay running', '延时'),
  4: says('delay-ended', 'delay over', '延时结束'),
  5: says('test', 'self-test', '自检', 'self-test'),
  6: says('test', 'self-test over', '自检结束', 'self-test-over'),
  32: says('fault', 'device damaged', '设备损坏', 'damaged'),
  48: says('power-fault', 'power off', '断电', 'power'),
  64: says('fault', 'sensor fault', '传感器故障', 'sensor'),
};

/** Device types whose alarm is supervisory by the document. */
export const SUPERVISORY_TYPES: Sayings = {
  29: says('supervisory', 'supervisory', '监管', 'pressure-switch'),
  30: says('supervisory', 'supervisory', '监管', 'flow'),
  32: says('supervisory', 'supervisory', '监管'),
  48: says('supervisory', 'supervisory', '监管', 'theft'),
  69: says('supervisory', 'supervisory', '监管', 'gas-alarm'),
};

/** Low nibble of the controller status; one implementation. */
export const CONTROLLER_STATUS: Sayings = {
  1: says('power-fault', 'mains fault', '主电故障', 'main'),
  2: says('power-restored', 'mains restored', '主电恢复', 'main'),
  3: says('power-fault', 'battery fault', '备电故障', 'backup'),
  4: says('power-restored', 'battery restored', '备电恢复', 'backup'),
};
