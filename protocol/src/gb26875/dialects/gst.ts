import { u8 } from '../../codec/fields.ts';
import { field } from '../../codec/layout.ts';
import { FRAME_CUT, unitOf, versionOf } from '../frame.ts';
import { COMPONENT_STATE, FACILITY_TIME, SYSTEM_STATE, type UnitType } from '../units.ts';
import { PLAIN_CLOCK } from './clocks.ts';
import { type Dialect, fieldsOf, own, TIME, table, typesWith } from './dialect.ts';

/** GST (海湾): captured, but for 0x86 and 0x87, which one paper-like frame each shows (gb26875 notes, 12.4). */

const ONE_BYTE = table({ value: field(u8, 'value', '值'), ...TIME });

const TYPES: ReadonlyArray<readonly [number, UnitType]> = [
  [0x80, own(table(TIME), 1, 'device manufacture time', '用传生产时间')],
  [0x82, own(ONE_BYTE, 1, 'device power-on', '用传开机')],
  [0x83, own(ONE_BYTE, 1, 'device power-off', '用传关机')],
  [0x84, own(FACILITY_TIME, 1, 'facility power-on', '建筑消防设施开机')],
  [0x85, own(FACILITY_TIME, 1, 'facility power-off', '建筑消防设施关机')],
  [0x86, own(SYSTEM_STATE, 102, 'system state restored', '系统状态恢复')],
  [0x87, own(table(fieldsOf(COMPONENT_STATE, 'text')), 60, 'component state restored', '部件状态恢复')],
  [0xc8, own(ONE_BYTE, 1, 'line to the centre: fault', '与中心线路故障')],
  [0xc9, own(ONE_BYTE, 1, 'line to the centre: recovered', '与中心线路恢复')],
  [0xcc, own(COMPONENT_STATE, 22, 'component fire state', '部件火警状态')],
  [0xcd, own(SYSTEM_STATE, 102, 'linkage state', '联动状态')],
  [0xce, own(COMPONENT_STATE, 22, 'other component state', '部件其他状态')],
];
const SIZES = new Map(TYPES.map(([type, { object }]) => [type, object.size!]));

export const GST: Dialect = {
  name: 'gst',
  title: { en: 'GST', zh: '海湾' },
  ...PLAIN_CLOCK,
  cut: FRAME_CUT,
  types: typesWith(TYPES),
  heartbeats: ['device-time'],
  versions: [[1, 1]],
  // Other makers claim some of these numbers: only with the size of its object is it GST's.
  tell: (frame) => {
    const unit = unitOf(frame);
    const size = SIZES.get(unit[0] ?? 0);
    return size !== undefined && unit.length === 2 + size * (unit[1] ?? 0) && versionOf(frame)[0] === 1 && frame[26] === 2;
  },
  notes: [
    {
      en: 'after a reconnect the backlog comes with old object times under fresh header times',
      zh: '重连后补传:信息体时间旧,帧头时间新',
    },
  ],
};
