import type { Quantity } from '../event.ts';

/** How a unit as devices write it becomes a quantity of ours. */
export interface Unit {
  readonly quantity: Quantity;
  readonly factor: number;
}

const unit = (quantity: Quantity, factor = 1): Unit => ({ quantity, factor });

/** Units of resource 5701, in lower case. Ambiguous ones are left to the site. */
export const UNITS: ReadonlyMap<string, Unit> = new Map([
  ...['cel', 'c', '°c', '℃', 'celsius'].map((name) => [name, unit('temperature')] as const),
  ...['%rh', '%'].map((name) => [name, unit('humidity')] as const),
  ['pa', unit('pressure-kpa', 0.001)],
  ['kpa', unit('pressure-kpa')],
  ['mpa', unit('pressure-mpa')],
  ['bar', unit('pressure-kpa', 100)],
  ['mbar', unit('pressure-kpa', 0.1)],
  ['ppm', unit('gas-ppm')],
  ['%lel', unit('gas')],
  ['%vol', unit('gas-volume')],
  ['v', unit('voltage')],
  ['mv', unit('voltage', 0.001)],
  ['a', unit('current')],
  ['ma', unit('current', 0.001)],
  ['w', unit('power')],
  ['kwh', unit('energy')],
  ['wh', unit('energy', 0.001)],
  ['m', unit('height')],
  ['cm', unit('height', 0.01)],
  ['mm', unit('height', 0.001)],
  ['l/s', unit('flow')],
  ['%/m', unit('obscuration')],
]);

/** What an object measures where it does not say its unit. Where makers differ (pressure, concentration) only the unit tells. */
export const OBJECTS: Readonly<Record<number, Quantity>> = {
  3303: 'temperature',
  3304: 'humidity',
  3316: 'voltage',
  3317: 'current',
  3328: 'power',
};

/** A percentage is humidity only where the object is. */
export const HUMIDITY = 3304;

/** 3200 digital input and 3342 on/off switch: a contact. */
export const CONTACTS: ReadonlySet<number> = new Set([3200, 3342]);

/** What makers use for smoke: the number is not of the register of OMA for it (it is frequency there), so only its state alarms. */
export const SMOKE = 3318;

/** Resources that a sensor object shares with all others (OMA registry, IPSO). */
export const SENSOR = { value: 5700, unit: 5701, state: 5500, application: 5750 } as const;

/** Object 3. */
export const DEVICE = { maker: 0, model: 1, voltage: 7, batteryPercent: 9, error: 11, batteryStatus: 20 } as const;

/** Object 4. The signal to noise ratio has 11 only since LwM2M 1.2. */
export const CONNECTIVITY = { bearer: 0, signal: 2, quality: 3, cell: 8, snr: 11, coverage: 13 } as const;

/** Error codes of the device (3/0/11) that have a word; 0 is none. */
export const ERRORS: Readonly<Record<number, { readonly what: 'battery-low' | 'power-fault' | 'fault'; readonly detail?: string }>> = {
  1: { what: 'battery-low' },
  2: { what: 'power-fault', detail: 'main' },
  3: { what: 'fault', detail: 'positioning' },
  4: { what: 'fault', detail: 'weak signal' },
  5: { what: 'fault', detail: 'out of memory' },
  6: { what: 'fault', detail: 'SMS' },
  7: { what: 'fault', detail: 'IP connectivity' },
  8: { what: 'fault', detail: 'peripheral' },
};
