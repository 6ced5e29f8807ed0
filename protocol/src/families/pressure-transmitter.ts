import type { PolledFamily, RegisterPoint } from '../family.ts';
import { describeModbus, modbusDecoder } from './modbus-reading.ts';

/** The map four makers' transmitters share. Read 2–6 in one request: unit, decimals, value, zero and span, enough to see a saturated sensor. */
export const TRANSMITTER_POINTS: readonly RegisterPoint[] = [
  {
    name: 'pressure',
    title: { en: 'value: pressure, or level where the site says so', zh: '测量值:压力(现场指定时为液位)' },
    function: 3,
    register: 4,
    type: 'i16',
    decimalsRegister: 3,
    quantity: 'pressure-kpa',
    unitCodeRegister: 2,
  },
  { name: 'unit-code', title: { en: 'unit code (differs by maker)', zh: '单位代码(各厂家不同)' }, function: 3, register: 2, type: 'u16' },
  { name: 'decimals', title: { en: 'decimals', zh: '小数位数' }, function: 3, register: 3, type: 'u16', valid: { min: 0, max: 3 } },
  { name: 'zero', title: { en: 'zero of the range', zh: '量程零点' }, function: 3, register: 5, type: 'i16', decimalsRegister: 3 },
  { name: 'full-scale', title: { en: 'full scale', zh: '量程满度' }, function: 3, register: 6, type: 'i16', decimalsRegister: 3 },
];

const LINE = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;

/** What the polled sensors of this page share: one poll a second, half a second to answer, lost after five misses. */
export const SENSOR_POLL = { line: LINE, pollEveryMs: 1000, restMs: 50, answerTimeoutMs: 500, lostAfterMisses: 5 } as const;

/** Pressure and level transmitters with the common register map. */
export const PRESSURE_TRANSMITTER: PolledFamily = {
  shape: 'polled',
  name: 'pressure-transmitter',
  version: 1,
  title: { en: 'Pressure or level transmitter, Modbus', zh: '压力/液位变送器(Modbus)' },
  tier: 2,
  basis: "four makers' notes that agree; no captured reply",
  notes: [
    {
      en: 'The unit comes from the site (quantity and scale), for the codes of the unit register differ by maker; with unitCode the register must hold that code for the value to be believed.',
      zh: '单位以现场配置(quantity、scale)为准,各厂家单位代码不同;设置 unitCode 后,寄存器须为该代码,数值才可信。',
    },
    {
      en: 'Suggested limits, the site decides: municipal hydrant standing at least 0.14 MPa, flowing at least 0.10 MPa (GB 55036-2022 3.0.3, GB 50974-2014 7.2.8); worst-placed sprinkler at least 0.05 MPa (GB 55036-2022 4.0.5).',
      zh: '建议限值,以现场设计为准:市政消火栓静压不低于 0.14 MPa、出水时不低于 0.10 MPa(GB 55036-2022 3.0.3、GB 50974-2014 7.2.8);最不利喷头不低于 0.05 MPa(GB 55036-2022 4.0.5)。',
    },
  ],
  ...SENSOR_POLL,
  points: TRANSMITTER_POINTS,
  readMax: 16,
  decode: modbusDecoder(TRANSMITTER_POINTS),
  describe: describeModbus,
};
