import { address32, i16le, u8, u16le } from '../codec/fields.ts';
import { field, type Layout, layout } from '../codec/layout.ts';
import type { Words } from '../words.ts';
import { countedText, fixedText, timeTag } from './fields.ts';

const SYSTEM = {
  systemType: field(u8, 'system type', '系统类型'),
  systemAddress: field(u8, 'system address', '系统地址'),
};
const COMPONENT = {
  ...SYSTEM,
  componentType: field(u8, 'component type', '部件类型'),
  componentAddress: field(address32, 'component address', '部件地址'),
};
const TIME = { time: field(timeTag, 'time', '时间') };
const STATUS = { status: field(u16le, 'state bits', '状态') };
const OPERATION = { operation: field(u8, 'operation bits', '操作标志'), operator: field(u8, 'operator number', '操作员编号') };
const VERSION = { mainVersion: field(u8, 'main version', '主版本号'), minorVersion: field(u8, 'minor version', '次版本号') };
const COUNT_FROM = { recordCount: field(u8, 'record count', '查询记录数目'), startTime: field(timeTag, 'start time', '起始时间') };

/** The bodies of the standard, §8.2.1 with the time tag where the type has one; widths and order are the standard's. */
export const SYSTEM_STATE = layout({ ...SYSTEM, ...STATUS, ...TIME });
export const COMPONENT_STATE = layout({ ...COMPONENT, ...STATUS, text: field(fixedText(31), 'description', '部件说明'), ...TIME });
export const ANALOGUE_VALUE = layout({
  ...COMPONENT,
  analogueType: field(u8, 'analogue type', '模拟量类型'),
  raw: field(i16le, 'value in steps', '模拟量值'),
  ...TIME,
});
export const FACILITY_OPERATION = layout({ ...SYSTEM, ...OPERATION, ...TIME });
export const FACILITY_VERSION = layout({ ...SYSTEM, ...VERSION });
export const SYSTEM_CONFIGURATION = layout({ ...SYSTEM, text: field(countedText, 'configuration', '系统配置说明') });
export const COMPONENT_CONFIGURATION = layout({ ...COMPONENT, text: field(fixedText(31), 'description', '部件说明') });
export const FACILITY_TIME = layout({ ...SYSTEM, ...TIME });
export const DEVICE_STATE = layout({ status: field(u8, 'state bits', '运行状态'), ...TIME });
export const DEVICE_OPERATION = layout({ ...OPERATION, ...TIME });
export const DEVICE_VERSION = layout(VERSION);
export const DEVICE_CONFIGURATION = layout({ text: field(countedText, 'configuration', '配置说明') });
export const DEVICE_TIME = layout(TIME);
const READ_SYSTEM = layout(SYSTEM);
const READ_COMPONENT = layout({ ...SYSTEM, componentAddress: field(address32, 'component address', '部件地址') });
const READ_FACILITY_OPERATIONS = layout({ ...SYSTEM, ...COUNT_FROM });
const READ_DEVICE_OPERATIONS = layout(COUNT_FROM);
const RESERVED = layout({ reserved: field(u8, 'reserved', '预留') });
const DUTY_CHECK = layout({ timeoutMinutes: field(u8, 'answer time-out, minutes', '应答超时(分钟)') });

/** One unit type of table 3. */
export interface UnitType extends Words {
  readonly direction: 'up' | 'down';
  // biome-ignore lint/suspicious/noExplicitAny: a table of layouts holds layouts of every value
  readonly object: Layout<any>;
  /** Most objects in one frame (figures of §8.3). */
  readonly max: number;
  readonly clause: string;
  /** Another body that a maker sends under the same number, told apart by its size. */
  readonly or?: UnitType;
}

export type UnitTypes = ReadonlyMap<number, UnitType>;

// biome-ignore lint/suspicious/noExplicitAny: see UnitType.object
type Row = readonly [type: number, direction: 'up' | 'down', object: Layout<any>, max: number, clause: string, en: string, zh: string];

const ROWS: readonly Row[] = [
  [1, 'up', SYSTEM_STATE, 102, '8.3.1.1', 'system state', '上传建筑消防设施系统状态'],
  [2, 'up', COMPONENT_STATE, 22, '8.3.1.2', 'component run state', '上传建筑消防设施部件运行状态'],
  [3, 'up', ANALOGUE_VALUE, 63, '8.3.1.3', 'component analogue value', '上传建筑消防设施部件模拟量值'],
  [4, 'up', FACILITY_OPERATION, 102, '8.3.1.4', 'facility operation', '上传建筑消防设施操作信息'],
  [5, 'up', FACILITY_VERSION, 1, '8.3.1.5', 'facility software version', '上传建筑消防设施软件版本'],
  [6, 'up', SYSTEM_CONFIGURATION, 3, '8.3.1.6', 'system configuration', '上传建筑消防设施系统配置情况'],
  [7, 'up', COMPONENT_CONFIGURATION, 26, '8.3.1.7', 'component configuration', '上传建筑消防设施部件配置情况'],
  [8, 'up', FACILITY_TIME, 1, '8.3.1.8', 'facility system time', '上传建筑消防设施系统时间'],
  [21, 'up', DEVICE_STATE, 1, '8.3.1.9', 'transmission device state', '上传用户信息传输装置运行状态'],
  [24, 'up', DEVICE_OPERATION, 127, '8.3.1.10', 'transmission device operation', '上传用户信息传输装置操作信息'],
  [25, 'up', DEVICE_VERSION, 1, '8.3.1.11', 'transmission device version', '上传用户信息传输装置软件版本'],
  [26, 'up', DEVICE_CONFIGURATION, 1, '8.3.1.12', 'transmission device configuration', '上传用户信息传输装置配置情况'],
  [28, 'up', DEVICE_TIME, 1, '8.3.1.13', 'transmission device time', '上传用户信息传输装置系统时间'],
  [61, 'down', READ_SYSTEM, 102, '8.3.2.1', 'read system state', '读建筑消防设施系统状态'],
  [62, 'down', READ_COMPONENT, 22, '8.3.2.2', 'read component run state', '读建筑消防设施部件运行状态'],
  [63, 'down', READ_COMPONENT, 63, '8.3.2.3', 'read component analogue value', '读建筑消防设施部件模拟量值'],
  [64, 'down', READ_FACILITY_OPERATIONS, 1, '8.3.2.4', 'read facility operations', '读建筑消防设施操作信息'],
  [65, 'down', READ_SYSTEM, 1, '8.3.2.5', 'read facility software version', '读建筑消防设施软件版本'],
  [66, 'down', READ_SYSTEM, 3, '8.3.2.6', 'read system configuration', '读建筑消防设施系统配置情况'],
  [67, 'down', READ_COMPONENT, 26, '8.3.2.7', 'read component configuration', '读建筑消防设施部件配置情况'],
  [68, 'down', READ_SYSTEM, 1, '8.3.2.8', 'read facility time', '读建筑消防设施系统时间'],
  [81, 'down', RESERVED, 1, '8.3.2.9', 'read transmission device state', '读用户信息传输装置运行状态'],
  [84, 'down', READ_DEVICE_OPERATIONS, 1, '8.3.2.10', 'read transmission device operations', '读用户信息传输装置操作信息记录'],
  [85, 'down', RESERVED, 1, '8.3.2.11', 'read transmission device version', '读用户信息传输装置软件版本'],
  [86, 'down', RESERVED, 1, '8.3.2.12', 'read transmission device configuration', '读用户信息传输装置配置情况'],
  [88, 'down', RESERVED, 1, '8.3.2.13', 'read transmission device time', '读用户信息传输装置系统时间'],
  [89, 'down', RESERVED, 1, '8.3.2.14', 'initialise transmission device', '初始化用户信息传输装置'],
  [90, 'down', DEVICE_TIME, 1, '8.3.2.15', 'synchronise transmission device clock', '同步用户信息传输装置时钟'],
  [91, 'down', DUTY_CHECK, 1, '8.3.2.16', 'duty check', '查岗命令'],
];

/** Every unit type of table 3 that is defined. 128–254 are user-defined, the rest reserved; 255 is in no row of the standard. */
export const UNIT_TYPES: ReadonlyMap<number, UnitType> = new Map(
  ROWS.map(([type, direction, object, max, clause, en, zh]) => [type, { direction, object, max, clause, en, zh }]),
);

/** An application data unit read: its objects, or its bytes and why they were not read. */
export type Unit =
  | { readonly type: number; readonly count: number; readonly objects: ReadonlyArray<Readonly<Record<string, unknown>>> }
  | { readonly type: number; readonly count: number; readonly raw: Uint8Array; readonly why: string };

function unread(adu: Uint8Array, why: string): Unit {
  return { type: adu[0]!, count: adu[1] ?? 0, raw: adu, why };
}

function whyUnknown(type: number): string {
  if (type >= 128 && type <= 254) return 'user-defined type';
  return type === 255 ? 'type 255 is not listed' : 'reserved type';
}

/** Reads an application data unit by the standard's own tables. null when it is empty. Never throws; what does not fit keeps its bytes. */
export function decodeUnit(adu: Uint8Array, types: UnitTypes = UNIT_TYPES): Unit | null {
  if (adu.length === 0) return null;
  const row = types.get(adu[0]!);
  if (!row) return unread(adu, whyUnknown(adu[0]!));
  const read = decodeBody(adu, row);
  const other = row.or && 'raw' in read ? decodeBody(adu, row.or) : read;
  return 'raw' in other ? read : other;
}

function decodeBody(adu: Uint8Array, row: UnitType): Unit {
  if (adu.length < 2) return unread(adu, 'size: no object count');
  const count = adu[1]!;
  if (count > row.max) return unread(adu, `count: at most ${row.max} objects`);
  const { object } = row;
  if (object.size !== null && adu.length !== 2 + count * object.size)
    return unread(adu, `size: ${count} objects take ${2 + count * object.size} bytes, not ${adu.length}`);
  const objects: Record<string, unknown>[] = [];
  let at = 2;
  for (let index = 0; index < count; index++) {
    const size = object.size ?? object.measure(adu, at, adu.length);
    if (size === null) return unread(adu, 'size: an object reaches beyond the unit');
    objects.push(object.decode(adu, at));
    at += size;
  }
  return at === adu.length ? { type: adu[0]!, count, objects } : unread(adu, 'size: bytes behind the last object');
}

/** Of the bodies a number has, the one whose fields an object has; the first where none fits. */
export function bodyOf(first: UnitType, object: Readonly<Record<string, unknown>>): UnitType {
  const has = ({ object: { fields } }: UnitType) => fields.every(([name]) => name in object || `${name}Hex` in object);
  return first.or && !has(first) && has(first.or) ? first.or : first;
}

/** Bytes of an application data unit. Throws RangeError when the objects exceed the type's limit: splitting is the caller's. */
export function encodeUnit(unit: Unit | null, types: UnitTypes = UNIT_TYPES): Uint8Array {
  if (unit === null) return new Uint8Array(0);
  if ('raw' in unit) return unit.raw;
  const first = types.get(unit.type);
  const row = first && bodyOf(first, unit.objects[0] ?? {});
  if (!row) throw new RangeError(`unit type ${unit.type} has no table; give its bytes`);
  if (unit.objects.length > row.max)
    throw new RangeError(`at most ${row.max} objects of type ${unit.type} fit one frame (${unit.objects.length} given)`);
  const bytes = new Uint8Array(unit.objects.reduce((sum, object) => sum + row.object.sizeOf(object), 2));
  bytes[0] = unit.type;
  bytes[1] = unit.objects.length;
  let at = 2;
  for (const object of unit.objects) at = row.object.encodeInto(object, bytes, at);
  return bytes;
}
