import type { PolledFamily, RegisterPoint } from '../family.ts';
import { describeModbus, modbusDecoder } from './modbus-reading.ts';
import { SENSOR_POLL } from './pressure-transmitter.ts';

const RESIDUAL = 17;
const setting = (name: string, en: string, zh: string, register: number): RegisterPoint => ({
  name,
  title: { en, zh },
  function: 3,
  register,
  type: 'u16',
});

const POINTS: readonly RegisterPoint[] = [
  {
    name: 'residual-current',
    title: { en: 'residual current', zh: '剩余电流' },
    ...{ function: 3, register: 0x0000, type: 'u16', quantity: 'residual-current', address: {}, componentType: RESIDUAL },
    valid: { min: 0, max: 30_000 },
  },
  {
    name: 'status',
    title: { en: 'status', zh: '状态' },
    ...{ function: 3, register: 0x001b, type: 'u16', address: {}, componentType: RESIDUAL },
    says: {
      bits: { 0: 'prealarm', 1: 'supervisory', 2: 'fault' },
      details: { 0: 'residual-current-high', 1: 'residual-current-high', 2: 'transformer-open' },
    },
  },
  setting('rated', 'rated residual current, mA', '额定剩余动作电流 mA', 0x0008),
  setting('pre-warning', 'pre-warning', '预警值', 0x0009),
  setting('delay', 'delay, ms', '延时 ms', 0x0010),
  setting('address', 'address', '地址', 0x0018),
  setting('baud-code', 'baud code: 0 38400 … 2 9600 … 5 1200', '波特率代码:0 38400 … 2 9600 … 5 1200', 0x0019),
  setting('disconnection-alarm', 'disconnection alarm', '断线报警', 0x001a),
  setting('mode', 'mode', '模式', 0x001c),
  setting('digital-in', 'digital in', '开关量输入', 0x001e),
];

/** ASJ residual-current relay. */
export const ASJ_RESIDUAL: PolledFamily = {
  shape: 'polled',
  name: 'asj-residual',
  version: 1,
  title: { en: 'ASJ residual-current relay, Modbus', zh: 'ASJ 剩余电流继电器(Modbus)' },
  tier: 2,
  basis: 'document; no captured reply, its printed write example has a wrong CRC',
  ...SENSOR_POLL,
  points: POINTS,
  readMax: 16,
  decode: modbusDecoder(POINTS),
  describe: describeModbus,
};
