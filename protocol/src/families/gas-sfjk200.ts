import { isExplained, saidBy } from '../codec/points.ts';
import type { PolledFamily, RegisterPoint } from '../family.ts';
import type { Observation } from '../observation.ts';
import { CONTROLLER_BITS, GAS_STATE, GASES, SUPPLY_SAYS, UNIT_SCALES, UNITS } from './gas-sfjk200-codes.ts';
import { type Addition, describeModbus, modbusDecoder } from './modbus-reading.ts';
import { unknownCode } from './saying.ts';

const LOOPS = 4;
const LOOP_POINTS = 248;
/** Part of GB/T 26875.3-2011 table 5: 可燃气体探测器. */
const GAS_DETECTOR = 10;
/** Each block holds every point of loop 1, then of loop 2 …; the concentrations are read most. */
const BLOCKS = { unit: 0x0002, limit: 0x03e2, state: 0x07c2, value: 0x0ba2 } as const;
type Block = keyof typeof BLOCKS;
const BLOCK_SIZE = LOOPS * LOOP_POINTS;
const SUPPLY_AT = 0x0f82;
const CONTROLLER_AT = 0x0f8a;

const TITLES: Readonly<Record<Block, readonly [string, string]>> = {
  unit: ['unit and gas', '单位与气体'],
  limit: ['low alarm limit', '低报限值'],
  state: ['state', '状态'],
  value: ['concentration', '浓度'],
};
const STATE_SAYS = {
  bits: Object.fromEntries(Object.entries(GAS_STATE).flatMap(([bit, { what }]) => (what ? [[bit, what]] : []))),
  details: Object.fromEntries(Object.entries(GAS_STATE).flatMap(([bit, { detail }]) => (detail ? [[bit, detail]] : []))),
};

/** Loop and point of the register that lies so far behind its block's first. */
const placeOf = (index: number) => ({ loop: Math.floor(index / LOOP_POINTS) + 1, point: (index % LOOP_POINTS) + 1 });

function pointsOf(block: Block): RegisterPoint[] {
  const [en, zh] = TITLES[block];
  return Array.from({ length: BLOCK_SIZE }, (_, index): RegisterPoint => {
    const address = placeOf(index);
    const place = `${address.loop}-${address.point}`;
    const base = {
      name: `${block}-${place}`,
      title: { en: `${en} ${place}`, zh: `${zh} ${place}` },
      function: 3,
      register: BLOCKS[block] + index,
      type: 'u16',
      address,
    } as const;
    const part = { ...base, componentType: GAS_DETECTOR };
    if (block === 'state') return { ...part, says: STATE_SAYS };
    if (block === 'unit') return part;
    const unitRegister = { register: BLOCKS.unit + index, byte: 'high', units: UNIT_SCALES } as const;
    const measured = { ...part, scale: 0.1, unitRegister };
    return block === 'value' ? { ...measured, quantity: 'gas' } : measured;
  });
}

/** Open, short and board link of each loop from bit 4, before them the links of the controller. */
const CONTROLLER: RegisterPoint = {
  name: 'controller',
  title: { en: 'controller state', zh: '控制器状态' },
  function: 3,
  register: CONTROLLER_AT,
  type: 'u16',
  says: { bits: Object.fromEntries(Object.keys(CONTROLLER_BITS).map((bit) => [bit, 'fault'])), details: CONTROLLER_BITS },
  address: {},
};

/** Loop 1 has the controller's own supply and external 1–3, the other loops external 1–4: one byte each, the high byte first. */
const supplyPlace = (index: number) => ({ loop: Math.floor(index / 4) + 1, channel: (index % 4) + 1 });
const SUPPLY_POINTS = Array.from({ length: 4 * LOOPS }, (_, index): RegisterPoint => {
  const address = supplyPlace(index);
  const place = `${address.loop}-${address.channel}`;
  return {
    name: `supply-${place}`,
    title: { en: `supply ${place}`, zh: `电源 ${place}` },
    ...{ function: 3, register: SUPPLY_AT + (index >> 1), type: 'u16', byte: index % 2 === 0 ? 'high' : 'low', address },
    says: SUPPLY_SAYS,
  };
});

const POINTS: readonly RegisterPoint[] = [
  ...pointsOf('state'),
  ...pointsOf('value'),
  ...pointsOf('limit'),
  ...pointsOf('unit'),
  ...SUPPLY_POINTS,
  CONTROLLER,
];

const bytesOf = (values: readonly number[]) => values.flatMap((value) => [value >> 8, value & 0xff]);

function readSupplies(values: readonly number[], register: number): ReturnType<Addition> {
  const codes = bytesOf(values);
  const supplies = codes.map((code) => code.toString(16).toUpperCase().padStart(2, '0'));
  const observations = codes.flatMap((code, index): Observation[] => {
    const number = 2 * (register - SUPPLY_AT) + index;
    const point = SUPPLY_POINTS[number];
    if (!point) return [];
    const said = saidBy(point, code).map((word): Observation => ({ ...word, address: supplyPlace(number) }));
    return isExplained(point, code) ? said : [...said, ...unknownCode(`supply ${supplies[index]}`)];
  });
  return { fields: { supplies }, observations: observations.length > 0 ? observations : [{ what: 'heartbeat', address: {} }] };
}

/** How many points each loop has configured: four bytes. */
function readCounts(values: readonly number[]): ReturnType<Addition> {
  const loopPoints = bytesOf(values);
  const value = loopPoints.reduce((sum, count) => sum + count, 0);
  return { fields: { loopPoints }, observations: [{ what: 'reading', detail: 'configured points', address: {}, value }] };
}

function readUnit(first: number, index: number): ReturnType<Addition> {
  const [unit, gas] = [first >> 8, first & 0xff];
  const fields = { unit, unitName: UNITS[unit] ?? null, gas, gasName: GASES[gas]?.en ?? null };
  return {
    fields,
    observations: [{ what: 'reading', detail: 'unit and gas', address: placeOf(index), componentType: GAS_DETECTOR, value: first }],
  };
}

function readState(first: number): ReturnType<Addition> {
  const said = Object.entries(GAS_STATE).filter(([bit]) => (first >> Number(bit)) & 1);
  const alarms = said.flatMap(([, { what, detail }]) => (what === 'supervisory' && detail ? [detail] : []));
  return { fields: { states: said.map(([, { en }]) => en), alarms, lowAlarm: (first & 1) === 1, highAlarm: (first & 2) === 2 } };
}

/** Limits or concentrations: their unit is in another register, so they are read as the default of a site, %LEL in tenths. */
function readTenths(values: readonly number[], register: number): ReturnType<Addition> {
  const block = register >= BLOCKS.value ? 'value' : 'limit';
  const observations = values.map((raw, index): Observation => {
    const address = placeOf(register - BLOCKS[block] + index);
    return { what: 'reading', detail: TITLES[block][0], address, componentType: GAS_DETECTOR, value: raw / 10, quantity: 'gas' };
  });
  const fields = values.length === 1 ? { raw: values[0], value: values[0]! / 10 } : { raw: values, values: values.map((raw) => raw / 10) };
  return { fields: { ...fields, unit: UNITS[1] }, observations, remarks: ['the unit is in another register: read as %LEL in tenths'] };
}

/** What the registers mean beyond their values, block by block. */
const read: Addition = (values, request) => {
  const [first] = values;
  if (!request || first === undefined) return {};
  const { register } = request;
  const end = register + values.length;
  const within = (from: number, to: number) => register >= from && end <= to;
  if (within(0, BLOCKS.unit)) return readCounts(values);
  if (within(SUPPLY_AT, CONTROLLER_AT)) return readSupplies(values, register);
  if (within(BLOCKS.limit, BLOCKS.state) || within(BLOCKS.value, SUPPLY_AT)) return readTenths(values, register);
  if (values.length > 1) return {};
  if (within(BLOCKS.unit, BLOCKS.limit)) return readUnit(first, register - BLOCKS.unit);
  return within(BLOCKS.state, BLOCKS.value) ? readState(first) : {};
};

/** Combustible-gas controller SFJK-200, protocol V1.0. */
export const GAS_SFJK200: PolledFamily = {
  shape: 'polled',
  name: 'gas-sfjk200',
  version: 1,
  title: { en: 'Combustible-gas controller SFJK-200', zh: '可燃气体报警控制器 SFJK-200' },
  tier: 1,
  basis: 'protocol V1.0; CRCs recomputed, three of its examples are misprinted',
  notes: [
    {
      en: 'Values are tenths of %LEL, unless the unit register of the point says otherwise: 0 µmol/mol without decimals, 2 %V/V, 3 µmol/mol with one.',
      zh: '数值为 0.1 %LEL,除非该点单位寄存器另有说明:0 为 µmol/mol 无小数,2 为 %V/V,3 为 µmol/mol 一位小数。',
    },
    { en: 'Oxygen alarms are low alarms: judge limits by the gas.', zh: '氧气为低报:限值应按气体种类判断。' },
  ],
  line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  points: POINTS,
  readMax: 100,
  pollEveryMs: 2000,
  restMs: 1000,
  answerTimeoutMs: 1000,
  lostAfterMisses: 5,
  decode: modbusDecoder(POINTS, read),
  describe: describeModbus,
};
