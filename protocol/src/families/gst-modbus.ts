import type { DeviceAddress } from '../event.ts';
import type { PolledFamily, RegisterPoint } from '../family.ts';
import type { Observation } from '../observation.ts';
import { type Addition, describeModbus, modbusDecoder } from './modbus-reading.ts';
import { FROM_PANEL, type Sayings, says, spoken, TO_PANEL } from './saying.ts';

/** Register values. 4 is undocumented. */
const STATES: Sayings = {
  0: says(null, 'normal', '正常'),
  1: says('fire', 'fire', '火警'),
  2: says('fault', 'fault', '故障'),
  3: says('feedback', 'operated', '动作'),
  4: says(null, 'undocumented', '未说明'),
  5: says('start', 'started', '启动'),
  6: says('stop', 'stopped', '停止'),
  7: says('shield', 'isolated', '隔离'),
  8: says('unshield', 'released', '释放'),
  9: says('power-restored', 'mains/battery restored', '主备电恢复'),
};
const SAID = Object.fromEntries(Object.entries(STATES).flatMap(([value, { what }]) => (what ? [[value, what]] : [])));
const SUPPLY_SAID = { 2: 'power-fault', 9: 'power-restored' } as const;

function point(name: string, en: string, zh: string, register: number, address: DeviceAddress): RegisterPoint {
  return { name, title: { en, zh }, function: 3, register, type: 'u16', says: { values: SAID }, address };
}

function supply(name: string, register: number, detail: 'main' | 'backup'): RegisterPoint {
  const title = detail === 'main' ? { en: 'mains', zh: '主电' } : { en: 'battery', zh: '备电' };
  return { name, title, function: 3, register, type: 'u16', says: { values: SUPPLY_SAID, details: { 2: detail, 9: detail } }, address: {} };
}

const GST200_DEVICES = 242;
const ZONES = 10;
const ZONE_DEVICES = 240;
const count = (length: number) => Array.from({ length }, (_, index) => index);

/** Wire address n−1 is register n. GST200: 1–242 devices, then mains, battery, bus. GST5000: zone × 240 + number, mains and battery at 44998 and 44999. */
const POINTS: readonly RegisterPoint[] = [
  ...count(GST200_DEVICES).map((index) =>
    point(`device-${index + 1}`, `device ${index + 1}`, `设备${index + 1}`, index, { point: index + 1 }),
  ),
  supply('mains', 242, 'main'),
  supply('battery', 243, 'backup'),
  point('bus', 'bus', '总线', 244, {}),
  ...count(ZONES).flatMap((zone) =>
    count(ZONE_DEVICES).map((index) => {
      const title = [`zone ${zone} device ${index + 1}`, `${zone}区设备${index + 1}`] as const;
      return point(`zone-${zone}-${index + 1}`, ...title, zone * ZONE_DEVICES + index, { zone, point: index + 1 });
    }),
  ),
  supply('mains-5000', 4997, 'main'),
  supply('battery-5000', 4998, 'backup'),
];
const SUPPLIES = new Map([
  [4997, 'main'],
  [4998, 'backup'],
]);

function observation(value: number, register: number | null): Observation | null {
  const said = spoken(STATES[value]);
  if (!said) return null;
  const detail = register === null ? undefined : SUPPLIES.get(register);
  if (detail && said.what === 'fault') return { what: 'power-fault', detail, address: {} };
  return { ...said, ...(detail ? { detail } : {}), address: register === null || detail ? {} : { point: register + 1 } };
}

const read: Addition = (values, request) => {
  const seen = values.map((value, index) => observation(value, request ? request.register + index : null));
  const said = seen.filter((one) => one !== null);
  const names = values.map((value) => STATES[value]?.en ?? 'unknown');
  const unknown = values.filter((value) => value === 4 || !(value in STATES));
  return {
    fields: values.length === 1 ? { state: names[0] } : { states: names },
    observations: said.length > 0 ? said : [{ what: 'heartbeat', address: {} }],
    remarks: unknown.length > 0 ? [`undocumented value ${unknown.join(', ')}: kept raw`] : [],
  };
};

/** GST panels through the Modbus card GST-INET-03A. */
export const GST_MODBUS: PolledFamily = {
  shape: 'polled',
  name: 'gst-modbus',
  version: 1,
  title: { en: 'GST through the Modbus card GST-INET-03A', zh: '海湾 Modbus 卡 GST-INET-03A' },
  tier: 1,
  basis: 'card protocol V1.0a; capture',
  notes: [
    {
      en: 'A state image, not an event queue: an alarm shorter than the scan is missed, and there is no time of the device.',
      zh: '这是状态映像而非事件队列:短于扫描周期的报警会漏掉,且没有设备时间。',
    },
    {
      en: 'GST200 uses the network address of the panel, GST5000 the CRT address set for the card.',
      zh: 'GST200 用控制器网络地址,GST5000 用为该卡设置的 CRT 地址。',
    },
    {
      en: 'On a GST5000 the last four digits of user codes must be unique, otherwise two devices share a register.',
      zh: 'GST5000 的用户编码后四位必须唯一,否则两个设备共用一个寄存器。',
    },
  ],
  line: { baudRate: 4800, dataBits: 8, parity: 'none', stopBits: 1 },
  points: POINTS,
  readMax: 100,
  pollEveryMs: 1000,
  restMs: 20,
  answerTimeoutMs: 1000,
  lostAfterMisses: 5,
  decode: modbusDecoder(POINTS, read, { from: FROM_PANEL.direction, to: TO_PANEL.direction }),
  describe: describeModbus,
};
