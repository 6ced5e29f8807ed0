import type { PolledFamily, RegisterPoint } from '../family.ts';
import { describeModbus, modbusDecoder } from './modbus-reading.ts';
import { SENSOR_POLL, TRANSMITTER_POINTS } from './pressure-transmitter.ts';

const CONTACTS = 16;

function contact(fn: 1 | 2, name: string, en: string, zh: string): RegisterPoint[] {
  return Array.from({ length: CONTACTS }, (_, index) => ({
    name: `${name}-${index + 1}`,
    title: { en: `${en} ${index + 1}`, zh: `${zh}${index + 1}` },
    function: fn,
    register: index,
    type: 'bit',
    quantity: 'contact',
    address: { channel: index + 1 },
  }));
}

const POINTS: readonly RegisterPoint[] = [
  ...contact(2, 'contact', 'contact', '触点'),
  ...contact(1, 'coil', 'relay', '继电器'),
  ...TRANSMITTER_POINTS,
];

/** Dry contacts through a DI module (fan cabinets, gas-suppression panels, pump cabinets), and the common transmitter map. */
export const MODBUS_BASIC: PolledFamily = {
  shape: 'polled',
  isGeneral: true,
  name: 'modbus-basic',
  version: 1,
  title: { en: 'Generic Modbus points: dry contacts, transmitters', zh: '通用 Modbus 点:干接点、变送器' },
  tier: 1,
  basis: 'DI module WP8026ADAM, document; the transmitter map of four makers',
  notes: [
    { en: 'Whether a contact is normally open or closed is site data.', zh: '触点常开或常闭由现场数据给出。' },
    {
      en: 'Typical contacts of a fan cabinet: running, fault, manual/automatic, power.',
      zh: '风机控制柜常见触点:运行、故障、手/自动、电源。',
    },
  ],
  ...SENSOR_POLL,
  points: POINTS,
  readMax: 64,
  decode: modbusDecoder(POINTS),
  describe: describeModbus,
};
