import type { PolledFamily, RegisterPoint } from '../family.ts';
import { type Addition, describeModbus, modbusDecoder } from './modbus-reading.ts';
import { SENSOR_POLL } from './pressure-transmitter.ts';

const setting = (name: string, en: string, zh: string, register: number): RegisterPoint => ({
  name,
  title: { en, zh },
  function: 3,
  register,
  type: 'u16',
});

/** Wire address = number − 40001. */
const POINTS: readonly RegisterPoint[] = [
  {
    name: 'alarm',
    title: { en: 'arc fault alarm', zh: '故障电弧报警' },
    function: 3,
    register: 0,
    type: 'u16',
    says: { values: { 1: 'supervisory' }, details: { 1: 'arc' } },
    address: {},
    componentType: 16,
  },
  setting('current', 'current (unit not documented: the site says it)', '电流(文档未给单位,由现场指定)', 6),
  setting('address', 'address', '地址', 1000),
  setting('baud-code', 'baud code: 0 9600, 1 4800', '波特率代码:0 为 9600,1 为 4800', 1001),
  setting('buzzer', 'buzzer: 0 off, 1 on', '蜂鸣器:0 关,1 开', 1002),
  setting('mute', 'mute', '静音', 1004),
];

const read: Addition = (values, request) => (request?.register === 0 && values[0] === 1 ? { fields: { alarms: ['arc'] } } : {});

/** Arc-fault detector, Ningbo Xiyu V1.1. */
export const ARC_DETECTOR: PolledFamily = {
  shape: 'polled',
  name: 'arc-detector',
  version: 1,
  title: { en: 'Arc-fault detector, Modbus', zh: '故障电弧探测器(Modbus)' },
  tier: 1,
  basis: 'document V1.1; every CRC recomputed',
  notes: [
    {
      en: 'Exceptions come with function 80, not 83: a strict Modbus library reports a timeout.',
      zh: '异常应答的功能码为 80 而非 83:严格的 Modbus 库会报超时。',
    },
    {
      en: 'Seven registers in one read were refused: one register a read. One poll can be lost on site.',
      zh: '一次读 7 个寄存器被拒绝:每次只读一个。现场可能丢失一次轮询。',
    },
  ],
  ...SENSOR_POLL,
  points: POINTS,
  readMax: 1,
  decode: modbusDecoder(POINTS, read),
  describe: describeModbus,
};
