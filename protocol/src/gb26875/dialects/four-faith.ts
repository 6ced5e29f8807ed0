import { u8, u16le } from '../../codec/fields.ts';
import { field } from '../../codec/layout.ts';
import type { Quantity } from '../../event.ts';
import type { Words } from '../../words.ts';
import { countedText, countedText16, fixedText } from '../fields.ts';
import { UNIT_BYTES_MAX, unitOf, versionOf } from '../frame.ts';
import { ANALOGUE_VALUE, COMPONENT_STATE, FACILITY_TIME, SYSTEM_STATE, type UnitType } from '../units.ts';
import { PLAIN_CLOCK } from './clocks.ts';
import { crtFields } from './crt-fields.ts';
import { CHANNEL, type Dialect, fieldsOf, type OwnAnalogue, own, ownDown, stateBits, TIME, table, typesWith } from './dialect.ts';
import { withShort } from './short-frames.ts';

/** Four-Faith (四信): its extension paper of 2021-05-18 and captured frames (gb26875 notes, 12.3). */

const COMPONENT = fieldsOf(COMPONENT_STATE, 'status', 'text', 'time');
const PRINTED = {
  channel: field(u8, 'channel', '通道'),
  panel: field(u8, 'panel number', '控制器号'),
};
const text = (en: string, zh: string) => field(countedText, en, zh);

const PRINTER_TEXT = table({
  ...PRINTED,
  reserved: field(u16le, 'reserved', '预留'),
  alarmKind: field(u8, 'alarm kind', '报警类型'),
  deviceName: text('device name', '设备名称'),
  place: text('place', '位置'),
  message: text('message', '信息'),
  ...TIME,
});
const CRT_TEXT = table({
  ...PRINTED,
  reserved: field(u8, 'reserved', '预留'),
  crt: field(crtFields, 'alarm kind and fields', '报警类型与字段'),
  ...TIME,
});
const ENERGY = table({
  systemType: field(u8, 'system type', '系统类型'),
  componentType: field(u8, 'component type', '部件类型'),
  // The paper forgets the address; captured frames have it.
  ...Object.fromEntries(COMPONENT_STATE.fields.filter(([name]) => name === 'componentAddress')),
  periodHours: field(u8, 'period, hours', '周期(小时)'),
  energyKind: field(u8, 'energy kind', '电能类型'),
  index: field(u8, 'index', '序号'),
  energy: field(u16le, 'energy', '电能'),
  currentKind: field(u8, 'current kind', '电流类型'),
  current: field(u16le, 'current', '电流'),
  ...TIME,
});
const REMOTE_CONTROL = table({ ...COMPONENT, command: field(countedText16, 'AT command', 'AT 指令'), ...TIME });
const SERIAL_DATA = table({ systemType: field(u8, 'system type', '系统类型'), data: field(countedText16, 'serial data', '透传数据') });

/** Most objects of a size in the longest unit, where the paper gives no limit. */
const fitting = (size: number) => Math.floor((UNIT_BYTES_MAX - 2) / size);

const TYPES: ReadonlyArray<readonly [number, UnitType]> = [
  [9, own(PRINTER_TEXT, fitting(14), 'printer text of a fire panel', '火灾报警控制器打印机信息')],
  [10, own(CRT_TEXT, fitting(11), 'CRT text of a fire panel', '火灾报警控制器 CRT 信息')],
  [128, ownDown(table(fieldsOf(ANALOGUE_VALUE, 'time')), 63, 'set analogue values', '修改模拟量')],
  [129, ownDown(REMOTE_CONTROL, fitting(15), 'remote control', '下发远程控制')],
  [
    130,
    own(table({ ...fieldsOf(SYSTEM_STATE, 'time'), ...CHANNEL, ...TIME }), fitting(12), 'system state with channel', '带通道的系统状态'),
  ],
  [
    131,
    own(
      table({ ...fieldsOf(COMPONENT_STATE, 'time'), ...CHANNEL, ...TIME }),
      fitting(48),
      'component state with channel',
      '带通道的部件状态',
    ),
  ],
  [
    132,
    own(
      table({ ...fieldsOf(ANALOGUE_VALUE, 'time'), ...CHANNEL, ...TIME }),
      56,
      'analogue value with channel',
      '带通道的模拟量',
      // A card was captured sending GST's number for this; the size tells them apart.
      own(FACILITY_TIME, 1, 'facility power-on', '建筑消防设施开机'),
    ),
  ],
  [133, own(FACILITY_TIME, 1, 'facility power-off', '建筑消防设施关机')],
  [138, own(ENERGY, fitting(20), 'energy', '电能量')],
  [141, own(SERIAL_DATA, fitting(3), 'transparent serial data', '透传')],
];

const STATES = new Map([
  [40, stateBits({ 1: 'fire', 2: 'fault', 4: 'removed', 8: 'battery-low' })],
  [102, stateBits({ 0: 'open', 1: 'fault', 7: 'battery-low', 15: 'normally-open' })],
  [128, stateBits({ 0: 'low', 1: 'high', 7: 'battery-low' })],
  [129, stateBits({ 0: 'low', 1: 'high', 7: 'battery-low' })],
  [130, stateBits({ 0: 'cover-open', 1: 'water-release', 2: 'moved', 3: 'water-release', 7: 'battery-low' })],
]);

type AnalogueRow = readonly [code: number, en: string, zh: string, more?: Pick<OwnAnalogue, 'quantity' | 'unitsPerQuantity' | 'channel'>];
const group = (unit: string, perUnit: number, unsigned: boolean, ...rows: readonly AnalogueRow[]): Array<[number, OwnAnalogue]> =>
  rows.map(([code, en, zh, more]) => [code, { unit, perUnit, unsigned, en, zh, ...more }]);
const series = (codes: readonly number[], quantity: Quantity, en: string, zh: string): AnalogueRow[] =>
  codes.map((code, index) => [code, `${en} ${index + 1}`, `${zh}${index + 1}`, { quantity, channel: index + 1 }]);
/** Alarm limit and pre-alarm limit of each in turn. */
const limits = (from: number, en: string, zh: string, names: readonly string[]): AnalogueRow[] =>
  names.flatMap((name, index): AnalogueRow[] => [
    [from + 2 * index, `${en} ${name}, alarm limit`, `${zh}${name}告警限值`],
    [from + 2 * index + 1, `${en} ${name}, pre-alarm limit`, `${zh}${name}预警限值`],
  ]);
const PHASES = ['a', 'b', 'c'];
const phases = (from: number, quantity: Quantity, en: string, zh: string): AnalogueRow[] =>
  PHASES.map((phase, index) => [from + index, `${en} ${phase}`, `${zh}${phase.toUpperCase()}`, { quantity, channel: index + 1 }]);

const ANALOGUES = new Map([
  ...group('dBm', 1, false, [128, 'signal strength', '信号强度']),
  ...group('mAh', 1, true, [129, 'charge', '电量']),
  ...group('mA', 1, true, ...series([130, 131, 132, 133, 137, 138, 139, 140], 'residual-current', 'residual current', '剩余电流')),
  ...group('℃', 10, false, ...series([134, 141, 142, 143, 144, 145, 146, 147], 'temperature', 'temperature', '温度')),
  ...group('', 1, true, [135, 'raw ADC value', '采样原始值']),
  ...group('mV', 1, true, [136, 'battery voltage', '电池电压']),
  ...group('V', 10, true, ...phases(148, 'voltage', 'voltage', '电压'), ...limits(163, 'voltage', '电压', PHASES)),
  ...group('A', 100, true, ...phases(151, 'current', 'current', '电流'), ...limits(155, 'current', '电流', PHASES)),
  ...group('cm', 1, true, [154, 'level', '液位', { quantity: 'height', unitsPerQuantity: 100 }]),
  ...group('mA', 1, true, ...limits(161, 'residual current', '剩余电流', ['n'])),
  ...group('℃', 10, false, ...limits(169, 'temperature', '温度', ['1', '2', '3', '4'])),
  ...group(
    '',
    1,
    true,
    [177, 'states of the residual current sensors', '剩余电流传感器状态'],
    [178, 'states of the temperature sensors', '温度传感器状态'],
    [179, 'phase states', '各相状态'],
    [249, 'alarm control', '报警控制'],
    [250, 'false-alarm filter on', '误报过滤开关'],
    [252, 'false-alarm filter toggles', '误报过滤翻转次数'],
    [254, 'smoke and tamper reporting', '烟感防拆上报开关'],
  ),
  ...group(
    's',
    1,
    true,
    [251, 'false-alarm filter window', '误报过滤窗口'],
    [253, 'false-alarm block time', '误报屏蔽时间'],
    [255, 'reporting period', '上报周期'],
  ),
]);

const names = (...rows: ReadonlyArray<readonly [number, string, string]>): ReadonlyMap<number, Words> =>
  new Map(rows.map(([code, en, zh]) => [code, { en, zh }]));

const SYSTEM_TYPES = names(
  [128, 'stand-alone components', '独立部件系统'],
  [129, 'electrical fire', '电气火灾'],
  [130, 'LoRa gateway', 'LoRa 网关'],
  [131, 'fire pipe pressure', '消防管道压力'],
  [132, 'pool level', '消防水池液位'],
  [133, 'municipal hydrants', '市政消防栓'],
  [134, 'tank level', '消防水箱液位'],
  [135, 'smoke', '烟感'],
  [136, 'protocol card', '协议解析卡'],
  [137, 'DTU', 'DTU'],
);
const COMPONENT_TYPES = names(
  [10, 'gas alarm controller', '可燃气体报警控制器'],
  [19, 'electrical fire alarm unit, two-phase', '电气火灾报警器(两相)'],
  [80, 'sounder-strobe', '声光报警器'],
  [128, 'water pressure', '消防水压'],
  [129, 'water level', '消防液位'],
  [130, 'smart hydrant cap', '消火栓智能闷盖'],
  [131, 'protocol card', '协议解析卡'],
  [132, 'LoRa+ router', 'LoRa+ 路由'],
  [133, 'user transmission device', '用户信息传输装置'],
);

/** 12-byte heartbeat: `@@`, source 6, module 0–4, system type 1, `##`. */
const CUT = withShort(12, (bytes, from) => bytes[from + 8]! <= 4);

export const FOUR_FAITH: Dialect = {
  name: 'four-faith',
  title: { en: 'Four-Faith', zh: '四信' },
  ...PLAIN_CLOCK,
  cut: CUT,
  types: typesWith(TYPES),
  heartbeats: ['twelve-bytes', 'login-time'],
  versions: [[2, 3]],
  componentStates: STATES,
  extraStates: stateBits({ 9: 'prealarm' }),
  analogueTypes: ANALOGUES,
  systemTypes: SYSTEM_TYPES,
  componentTypes: COMPONENT_TYPES,
  tell: (frame) => frame.length === 12 || (versionOf(frame)[0] === 2 && versionOf(frame)[1] === 3),
  notes: [
    {
      en: 'state words mean something else by component type; a tank level high is no fire',
      zh: '状态字按部件类型另有含义,液位过高不是火警',
    },
    { en: 'a card sets its clock by the header time of our replies', zh: '解析卡按应答帧头时间校时' },
  ],
};

/** Component state of 48 bytes, the two channel bytes between address and state (captured; the paper has them elsewhere). */
const COMPONENT_48 = table({
  ...COMPONENT,
  ...CHANNEL,
  status: field(u16le, 'state bits', '状态'),
  text: field(fixedText(31), 'description', '部件说明'),
  ...TIME,
});

export const FOUR_FAITH_48: Dialect = {
  ...FOUR_FAITH,
  name: 'four-faith-48',
  title: { en: 'Four-Faith cards with 48-byte component objects', zh: '四信(部件信息体 48 字节)' },
  types: typesWith([...TYPES, [2, own(COMPONENT_48, fitting(48), 'component run state with channel', '带通道的部件运行状态')]]),
  tell: (frame) => unitOf(frame)[0] === 2 && unitOf(frame)[1] !== 0 && unitOf(frame).length === 2 + 48 * (unitOf(frame)[1] ?? 0),
};
