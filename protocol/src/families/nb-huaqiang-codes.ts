import { HYDRANT_PRESSURE } from '../gb26875/codes.ts';
import type { What } from '../observation.ts';
import type { Words } from '../words.ts';

export const HYDRANT = 0x06;
export const SMOKE = 0x08;

interface Device extends Words {
  /** Command of its report, where the layout is known. */
  readonly report?: string;
  readonly componentType?: number;
}
/** Device types of the header. */
export const DEVICES: Readonly<Record<number, Device>> = {
  2: { en: 'bicycle tracker', zh: '自行车定位器' },
  3: { en: 'temperature and humidity', zh: '温湿度' },
  4: { en: 'light', zh: '光照' },
  5: { en: 'shock', zh: '震动' },
  6: { en: 'hydrant', zh: '消火栓', report: '0600', componentType: HYDRANT_PRESSURE },
  8: { en: 'smoke', zh: '烟感', report: '0800', componentType: 42 },
  9: { en: 'parking', zh: '停车' },
  10: { en: 'portable tracker', zh: '便携定位器' },
  12: { en: 'socket', zh: '插座' },
};

interface AlarmBit {
  readonly bit: number;
  readonly name: string;
  readonly what: What;
  readonly detail: string;
}
const BATTERY_LOW = { name: 'battery-low', what: 'battery-low', detail: 'battery-low' } as const;
/** Alarm bits by device, worst first. */
export const ALARM_BITS: Readonly<Record<number, readonly AlarmBit[]>> = {
  [SMOKE]: [
    { bit: 0, name: 'smoke', what: 'fire', detail: 'smoke' },
    { bit: 7, name: 'fault', what: 'fault', detail: 'sensor' },
    { bit: 2, ...BATTERY_LOW },
  ],
  [HYDRANT]: [
    { bit: 0, name: 'pressure-low', what: 'low', detail: 'pressure-low' },
    { bit: 1, name: 'pressure-high', what: 'high', detail: 'pressure-high' },
    { bit: 7, name: 'fault', what: 'fault', detail: 'sensor' },
    { bit: 5, ...BATTERY_LOW },
  ],
};

/** What the fault code says of a fault, by device. */
export const FAULT_CODES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [SMOKE]: { 1: 'self-test-failed' },
  [HYDRANT]: { 1: 'sensor' },
};

export interface Firmware {
  readonly name: string;
  readonly voltsPerStep: number;
  readonly rsrp: (byte: number) => number;
}
/** The document, and the firmware seen in hydrants: what is plausible decides, packet by packet. */
export const FIRMWARES: readonly Firmware[] = [
  { name: 'document', voltsPerStep: 0.01, rsrp: (byte) => -byte },
  { name: 'millivolt', voltsPerStep: 0.001, rsrp: (byte) => (byte << 24) >> 24 },
];
/** Volts a lithium cell and its empty or doubled kin can have. */
export const LITHIUM_CELL = { least: 1.5, most: 7.5 };
export const KEPT_WELL = (value: number, { least, most }: { least: number; most: number }) => value >= least && value <= most;
