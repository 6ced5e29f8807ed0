import { raw as rawBytes, u8, u16le } from '../codec/fields.ts';
import { field, type Layout, layout } from '../codec/layout.ts';
import { type CutRule, NO_START } from '../codec/packets.ts';
import type { Words } from '../words.ts';
import { fixedText, timeTag } from './fields.ts';
import { decodeFrame, FRAME_CUT } from './frame.ts';
import { ANALOGUE_VALUE, COMPONENT_STATE, FACILITY_TIME, SYSTEM_STATE, UNIT_TYPES, type UnitType } from './units.ts';

/** How a device proves that it lives, where the standard defines no heartbeat (心跳). */
export type Heartbeat =
  | 'empty-send'
  | 'device-time'
  | 'command-7'
  | 'twelve-bytes'
  | 'private-command'
  | 'login-time'
  | 'state-without-time'
  | 'one-byte-unit';

/** What a real device does differently from the text of GB/T 26875.3-2011. Chosen per device; all of it data. */
export interface Dialect {
  readonly name: string;
  readonly title: Words;
  readonly cut: CutRule;
  /** The standard's unit types with the maker's own beside or in place of them. */
  readonly types: ReadonlyMap<number, UnitType>;
  readonly heartbeats: readonly Heartbeat[];
  /** Version bytes this maker was seen to send, main then user; empty: no evidence. */
  readonly versions: ReadonlyArray<readonly [main: number, user: number]>;
  /** State bits that mean something else for a component type: bit → state name. Absent: the standard's. */
  readonly componentStates?: ReadonlyMap<number, ReadonlyMap<number, string>>;
  /** Analogue types of the maker: unit, steps per unit, whether the number is unsigned. */
  readonly analogueTypes?: ReadonlyMap<
    number,
    { readonly unit: string; readonly perUnit: number; readonly unsigned: boolean; readonly en: string; readonly zh: string }
  >;
  /** Clock written as BCD instead of plain binary. */
  readonly bcdClock?: true;
  /** The header's time tag counts in another zone than the objects' (minutes east of UTC). */
  readonly headerZoneMinutes?: number;
  /** How the four bytes of a component address split, for people: low word, high word. */
  readonly addressSplit?: readonly [low: 'loop' | 'point' | 'zone', high: 'loop' | 'point' | 'zone'];
  /** Says of a frame's bytes that they can only be this dialect's. */
  readonly tell?: (frame: Uint8Array) => boolean;
  readonly notes?: readonly Words[];
}

const T = { time: field(timeTag, 'time', '时间') };
const CHANNEL = { channelKind: field(u8, 'channel kind', '通道类型'), channelNumber: field(u8, 'channel number', '通道号') };
const fieldsOf = (table: Layout<object>) => Object.fromEntries(table.fields);
const without = (table: Layout<object>, ...names: string[]) => Object.fromEntries(table.fields.filter(([name]) => !names.includes(name)));
const ONE_BYTE = layout({ value: field(u8, 'value', '值'), ...T });

function row(object: UnitType['object'], max: number, en: string, zh: string): UnitType {
  return { direction: 'up', object, max, clause: 'maker', en, zh };
}

function types(own: ReadonlyArray<readonly [number, UnitType]>): ReadonlyMap<number, UnitType> {
  return new Map([...UNIT_TYPES, ...own]);
}

function states(
  ...rows: ReadonlyArray<readonly [component: number, bits: Readonly<Record<number, string>>]>
): ReadonlyMap<number, ReadonlyMap<number, string>> {
  return new Map(rows.map(([component, bits]) => [component, new Map(Object.entries(bits).map(([bit, name]) => [Number(bit), name]))]));
}

/** 12-byte heartbeat of Four-Faith: `@@`, source 6, module 1, system type 1, `##`; recognised before the length check. */
const WITH_SHORT_HEARTBEAT: CutRule = {
  maxBytes: FRAME_CUT.maxBytes,
  measure(bytes, from, to) {
    const frame = FRAME_CUT.measure(bytes, from, to);
    if (frame === NO_START || typeof frame === 'number' || to - from < 12) return frame;
    const short =
      bytes[from] === 0x40 && bytes[from + 1] === 0x40 && bytes[from + 10] === 0x23 && bytes[from + 11] === 0x23 && bytes[from + 8]! <= 4;
    return short ? 12 : frame;
  },
};

const unitOf = (frame: Uint8Array) => (frame.length < 30 ? new Uint8Array(0) : decodeFrame(frame).unit);
const versionOf = (frame: Uint8Array) => [frame[4], frame[5]] as const;

/** Component state with two bytes between address and state: 48 bytes (captured from Four-Faith cards). */
const FOUR_FAITH_COMPONENT = layout({
  ...without(COMPONENT_STATE, 'status', 'text', 'time'),
  ...CHANNEL,
  status: field(u16le, 'state bits', '状态'),
  text: field(fixedText(31), 'description', '部件说明'),
  ...T,
} as ReturnType<typeof fieldsOf>);

const ALL: readonly Dialect[] = [
  {
    name: 'standard',
    title: { en: 'the text of GB/T 26875.3-2011', zh: 'GB/T 26875.3-2011 原文' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['empty-send', 'device-time', 'login-time'],
    versions: [[1, 1]],
  },
  {
    name: 'four-faith',
    title: { en: 'Four-Faith', zh: '四信' },
    cut: WITH_SHORT_HEARTBEAT,
    types: types([
      [
        130,
        row(
          layout({ ...without(SYSTEM_STATE, 'time'), ...CHANNEL, ...T } as ReturnType<typeof fieldsOf>),
          56,
          'system state with channel',
          '带通道的系统状态',
        ),
      ],
      [
        131,
        row(
          layout({ ...without(COMPONENT_STATE, 'time'), ...CHANNEL, ...T } as ReturnType<typeof fieldsOf>),
          20,
          'component state with channel',
          '带通道的部件状态',
        ),
      ],
      [
        132,
        row(
          layout({ ...without(ANALOGUE_VALUE, 'time'), ...CHANNEL, ...T } as ReturnType<typeof fieldsOf>),
          56,
          'analogue value with channel',
          '带通道的模拟量',
        ),
      ],
      [
        138,
        row(
          layout({
            systemType: field(u8, 'system type', '系统类型'),
            componentType: field(u8, 'component type', '部件类型'),
            componentAddress: COMPONENT_STATE.fields[3]![1],
            periodHours: field(u8, 'period, hours', '周期(小时)'),
            energyKind: field(u8, 'energy kind', '电能类型'),
            index: field(u8, 'index', '序号'),
            energy: field(u16le, 'energy', '电能'),
            currentKind: field(u8, 'current kind', '电流类型'),
            current: field(u16le, 'current', '电流'),
            ...T,
          } as ReturnType<typeof fieldsOf>),
          50,
          'energy',
          '电能量',
        ),
      ],
      [0x84, row(FACILITY_TIME, 1, 'facility power-on', '建筑消防设施开机')],
    ]),
    heartbeats: ['twelve-bytes', 'login-time'],
    versions: [[2, 3]],
    componentStates: states(
      [40, { 1: 'fire', 2: 'fault', 4: 'removed', 8: 'battery-low' }],
      [102, { 0: 'open', 1: 'fault', 7: 'battery-low', 15: 'normally-open' }],
      [128, { 0: 'low', 1: 'high', 7: 'battery-low' }],
      [129, { 0: 'low', 1: 'high', 7: 'battery-low' }],
      [130, { 0: 'open', 1: 'water-release', 2: 'tilt', 3: 'water-release', 7: 'battery-low' }],
    ),
    analogueTypes: new Map([
      [128, { unit: 'dBm', perUnit: 1, unsigned: false, en: 'signal strength', zh: '信号强度' }],
      [129, { unit: 'mAh', perUnit: 1, unsigned: true, en: 'charge', zh: '电量' }],
      [136, { unit: 'mV', perUnit: 1, unsigned: true, en: 'battery voltage', zh: '电池电压' }],
      [135, { unit: '', perUnit: 1, unsigned: true, en: 'raw ADC value', zh: '采样原始值' }],
      [154, { unit: 'cm', perUnit: 1, unsigned: true, en: 'level', zh: '液位' }],
      [255, { unit: 's', perUnit: 1, unsigned: true, en: 'reporting period', zh: '上报周期' }],
      ...[130, 131, 132, 133, 137, 138, 139, 140].map(
        (code, index) =>
          [code, { unit: 'mA', perUnit: 1, unsigned: true, en: `residual current ${index + 1}`, zh: `剩余电流${index + 1}` }] as const,
      ),
      ...[134, 141, 142, 143, 144, 145, 146, 147].map(
        (code, index) =>
          [code, { unit: '℃', perUnit: 10, unsigned: false, en: `temperature ${index + 1}`, zh: `温度${index + 1}` }] as const,
      ),
      ...[148, 149, 150].map(
        (code, index) =>
          [code, { unit: 'V', perUnit: 10, unsigned: true, en: `voltage ${'abc'[index]}`, zh: `电压${'ABC'[index]}` }] as const,
      ),
      ...[151, 152, 153].map(
        (code, index) =>
          [code, { unit: 'A', perUnit: 100, unsigned: true, en: `current ${'abc'[index]}`, zh: `电流${'ABC'[index]}` }] as const,
      ),
    ]),
    headerZoneMinutes: 0,
    tell: (frame) => frame.length === 12 || (versionOf(frame)[0] === 2 && versionOf(frame)[1] === 3),
    notes: [
      {
        en: 'state words mean something else by component type; a tank level high is no fire',
        zh: '状态字按部件类型另有含义,液位过高不是火警',
      },
    ],
  },
  {
    name: 'four-faith-48',
    title: { en: 'Four-Faith cards with 48-byte component objects', zh: '四信(部件信息体 48 字节)' },
    cut: WITH_SHORT_HEARTBEAT,
    types: types([[2, row(FOUR_FAITH_COMPONENT, 21, 'component run state with channel', '带通道的部件运行状态')]]),
    heartbeats: ['twelve-bytes', 'login-time'],
    versions: [[2, 3]],
    headerZoneMinutes: 0,
    tell: (frame) => unitOf(frame)[0] === 2 && unitOf(frame).length === 2 + 48 * (unitOf(frame)[1] ?? 0),
  },
  {
    name: 'gst',
    title: { en: 'GST', zh: '海湾' },
    cut: FRAME_CUT,
    types: types([
      [0x80, row(layout(T), 1, 'device manufacture time', '用传生产时间')],
      [0x82, row(ONE_BYTE, 1, 'device power-on', '用传开机')],
      [0x83, row(ONE_BYTE, 1, 'device power-off', '用传关机')],
      [0x84, row(FACILITY_TIME, 1, 'facility power-on', '建筑消防设施开机')],
      [0x85, row(FACILITY_TIME, 1, 'facility power-off', '建筑消防设施关机')],
      [0x86, row(SYSTEM_STATE, 102, 'system state restored', '系统状态恢复')],
      [
        0x87,
        row(layout({ ...without(COMPONENT_STATE, 'text') } as ReturnType<typeof fieldsOf>), 60, 'component state restored', '部件状态恢复'),
      ],
      [0xc8, row(ONE_BYTE, 1, 'line to the centre: fault', '与中心线路故障')],
      [0xc9, row(ONE_BYTE, 1, 'line to the centre: recovered', '与中心线路恢复')],
      [0xcc, row(COMPONENT_STATE, 22, 'component fire state', '部件火警状态')],
      [0xcd, row(SYSTEM_STATE, 102, 'linkage state', '联动状态')],
      [0xce, row(COMPONENT_STATE, 22, 'other component state', '部件其他状态')],
    ]),
    heartbeats: ['device-time'],
    versions: [[1, 1]],
    tell: (frame) => {
      const unit = unitOf(frame);
      const size = { 134: 10, 135: 15, 204: 46, 205: 10, 206: 46, 200: 7, 201: 7 }[unit[0] ?? 0];
      return size !== undefined && unit.length === 2 + size * (unit[1] ?? 0) && frame[4] === 1;
    },
    notes: [
      {
        en: 'after a reconnect the backlog comes with old object times under fresh header times',
        zh: '重连后补传:信息体时间旧,帧头时间新',
      },
    ],
  },
  {
    name: 'hikvision',
    title: { en: 'Hikvision', zh: '海康威视' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['empty-send'],
    versions: [],
    addressSplit: ['loop', 'point'],
    tell: (frame) => unitOf(frame)[0] === 2 && unitOf(frame)[11] === 0x02,
  },
  {
    name: 'dahua',
    title: { en: 'Dahua v1.03', zh: '大华 v1.03' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['command-7'],
    versions: [[1, 3]],
    addressSplit: ['loop', 'point'],
    componentStates: new Map(),
    tell: (frame) => frame.length === 30 && frame[26] === 7,
    notes: [{ en: 'some firmware writes times as BCD: use dahua-bcd there', zh: '部分固件时间为 BCD,用 dahua-bcd' }],
  },
  {
    name: 'dahua-bcd',
    title: { en: 'Dahua with BCD clock', zh: '大华(BCD 时钟)' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['command-7'],
    versions: [[1, 3]],
    bcdClock: true,
  },
  {
    name: 'fubei',
    title: { en: 'Fubei (2024)', zh: '富贝(2024)' },
    cut: FRAME_CUT,
    types: types(
      [2, 3, 0x87, 0x96, 0x97].map((type) => [
        type,
        row(
          layout({
            ...without(ANALOGUE_VALUE, 'analogueType', 'raw', 'time'),
            bytes: field(rawBytes(3), 'state or value', '状态或数值'),
            ...T,
          } as ReturnType<typeof fieldsOf>),
          63,
          'component report',
          '部件上报',
        ),
      ]),
    ),
    heartbeats: ['empty-send'],
    versions: [],
    addressSplit: ['point', 'loop'],
    tell: (frame) => unitOf(frame)[0] === 2 && unitOf(frame).length === 2 + 16 * (unitOf(frame)[1] ?? 0),
  },
  {
    name: 'base-station',
    title: { en: 'base station firmware: state without its time', zh: '基站固件(状态无时间)' },
    cut: FRAME_CUT,
    types: types([
      [
        21,
        row(layout({ status: field(u8, 'state bits', '运行状态') }), 1, 'transmission device state without time', '用传运行状态(无时间)'),
      ],
    ]),
    heartbeats: ['state-without-time'],
    versions: [[1, 32]],
    addressSplit: ['loop', 'point'],
    tell: (frame) => unitOf(frame)[0] === 21 && unitOf(frame).length === 3,
  },
  {
    name: 'main-version-16',
    title: { en: 'devices of main version 16', zh: '主版本号 16 的设备' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['one-byte-unit'],
    versions: [[16, 0]],
    tell: (frame) => frame[4] === 16,
  },
  {
    name: 'private-heartbeat',
    title: { en: 'transmitters with a private heartbeat and a private description', zh: '私有心跳与私有说明的传输装置' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['private-command'],
    versions: [
      [1, 20],
      [1, 216],
      [1, 211],
      [1, 215],
      [1, 188],
    ],
    tell: (frame) => frame[26] === 128 && unitOf(frame)[0] === 128,
  },
  {
    name: 'fire-cannon',
    title: { en: 'fire cannon controllers', zh: '消防炮控制器' },
    cut: FRAME_CUT,
    types: UNIT_TYPES,
    heartbeats: ['empty-send'],
    versions: [[1, 6]],
    tell: (frame) => unitOf(frame)[0] === 60,
    notes: [{ en: 'reserved type 60 carries an access token: never logged', zh: '保留类型 60 携带访问令牌,不入日志' }],
  },
];

/** Dialects by name. */
export const DIALECTS: ReadonlyMap<string, Dialect> = new Map(ALL.map((dialect) => [dialect.name, dialect]));
export const STANDARD: Dialect = ALL[0]!;

/** Dialects whose habits the frames show, the most telling first; empty where the bytes tell none. */
export function suggestDialects(frames: readonly Uint8Array[]): string[] {
  const votes = ALL.map(({ name, tell }) => ({ name, count: tell ? frames.filter((frame) => tell(frame)).length : 0 }));
  return votes
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ name }) => name);
}

/** Whether a frame is only a sign of life in this dialect. */
export function heartbeatOf(frame: Uint8Array, { heartbeats }: Pick<Dialect, 'heartbeats'>): Heartbeat | null {
  return heartbeats.find((form) => HEARTBEATS[form](frame, unitOf(frame))) ?? null;
}

const HEARTBEATS: Readonly<Record<Heartbeat, (frame: Uint8Array, unit: Uint8Array) => boolean>> = {
  'empty-send': (frame, unit) => frame[26] === 2 && frame.length === 30 && unit.length === 0,
  'device-time': (_, unit) => unit[0] === 28,
  'command-7': (frame) => frame.length === 30 && frame[26] === 7,
  'twelve-bytes': (frame) => frame.length === 12,
  'private-command': (frame, unit) => frame[26] === 128 && unit[0] === 128 && unit[1] === 0,
  'login-time': (_, unit) => unit[0] === 8 && unit[2] === 0 && unit[3] === 0,
  'state-without-time': (_, unit) => unit[0] === 21 && unit.length === 3,
  'one-byte-unit': (_, unit) => unit.length === 1 && unit[0] === 0x16,
};
