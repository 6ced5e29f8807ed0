import type { Saying } from './saying.ts';
import { says } from './saying.ts';

type Codes = Readonly<Record<string, Saying>>;

/** NB306, devState. */
export const NB306: Codes = {
  0: says('heartbeat', 'heartbeat', '心跳'),
  1: says('fire', 'fire', '火警'),
  2: says('prealarm', 'over-temperature', '超温', 'over-temperature'),
  3: says('removed', 'removed', '拆除'),
  4: says('battery-low', 'low voltage', '低电压'),
  5: says('test', 'self-test', '自检', 'self-test'),
};

/** NB301 (X) and NB3011 (event). */
export const SMOKE_STATES: Codes = {
  '01': says('fire', 'alarm', '报警'),
  '02': says('battery-low', 'low battery', '低电量'),
  '10': says('test', 'self-test', '自检', 'self-test'),
  '11': says('restored', 'restored', '恢复'),
  online: says('link', 'online', '上线', 'restored'),
  offline: says('link', 'offline', '离线', 'lost'),
  abnormal: says('fault', 'abnormal', '异常'),
};

/** NB9001 pressure and NB9003 level: type. The reading itself always comes with it. */
export const METER_TYPES: Codes = {
  '10': says('test', 'self-test', '自检', 'self-test'),
  '02': says('battery-low', 'battery', '电池'),
  '03': says('low', 'low', '低限'),
  '13': says('restored', 'low restored', '低限恢复', 'low'),
  '04': says('high', 'high', '高限'),
  '14': says('restored', 'high restored', '高限恢复', 'high'),
};
export const METERS: Readonly<Record<string, { readonly name: string; readonly unit: string | null }>> = {
  NB9001: { name: 'pressure', unit: 'MPa' },
  // The unit of the level is not stated: the site says it.
  NB9003: { name: 'level', unit: null },
};

/** Electrical monitor: event of a message of type 0302. `alarm` names what is measured too high or too low. */
export const ELECTRICAL_EVENTS: Readonly<Record<string, Saying & { readonly alarm?: string }>> = {
  1361: { ...says('supervisory', 'over-current', '过流', 'over-current'), alarm: 'over-current' },
  3361: says('restored', 'over-current restored', '过流恢复', 'supervisory'),
  1360: says('power-fault', 'power lost', '断电', 'main'),
  3360: says('power-restored', 'power restored', '来电', 'main'),
  1364: { ...says('supervisory', 'over-temperature', '超温', 'over-temperature'), alarm: 'over-temperature' },
  3364: says('restored', 'over-temperature restored', '超温恢复', 'supervisory'),
  1363: { ...says('supervisory', 'under-temperature', '低温', 'under-temperature'), alarm: 'under-temperature' },
  3363: says('restored', 'under-temperature restored', '低温恢复', 'supervisory'),
  1366: says('link', 'offline', '离线', 'lost'),
  3366: says('link', 'online', '上线', 'restored'),
  3921: says('silence', 'muted', '静音'),
  3922: says('silence', 'silenced', '消音'),
  1941: says('start', 'output on', '输出打开', 'output'),
  3941: says('stop', 'output off', '输出关闭', 'output'),
};

/** Combustible-gas detector. Its alarm is supervisory unless the site says fire. */
export const GAS_EVENTS: Codes = {
  '0009': says('heartbeat', 'heartbeat', '心跳'),
  '0002': says('heartbeat', 'login', '登录', 'login'),
  '0003': says('supervisory', 'alarm', '报警', 'gas-alarm'),
  '0006': says('fault', 'fault', '故障'),
  '0007': says('reset', 'reset', '复位'),
  '0008': says('operation', 'valve actuator', '机械手', 'valve'),
};
export const VALVES: Readonly<Record<string, string>> = { 1: 'open', 2: 'shut' };

/** Transmitter ("firehost"). */
export const TRANSMITTER_EVENTS: Codes = {
  '0001': says('heartbeat', 'heartbeat', '心跳'),
  '0002': says('heartbeat', 'login', '登录', 'login'),
  '0003': says('fire', 'alarm', '报警'),
  '0006': says('fault', 'fault', '故障'),
  '0007': says('reset', 'reset', '复位'),
  '000C': says('text', 'parts', '部件', 'parts'),
  '000D': says('heartbeat', 'clock', '校时', 'clock'),
};
/** Alarms of the transmitter itself arrive as 0003: its text tells them apart. */
export const OWN_ALARMS: ReadonlyArray<{ readonly text: RegExp; readonly name: string; readonly says: Saying }> = [
  { text: /防拆/, name: 'tamper', says: says('removed', 'tamper of the host', '主机防拆', 'tamper') },
  { text: /SOS|紧急|求助/i, name: 'sos', says: says('supervisory', 'SOS of the host', '主机紧急求助', 'sos') },
];
