import type { Battery, DeviceAddress, Quantity, Radio, Tilt, WaterRelease } from './event.ts';

/** What a device can say, unjudged. The normalizer turns these into events (kind and edge). */
export const WHATS = [
  'fire',
  'prealarm',
  'supervisory',
  'fault',
  'fault-restored',
  'restored',
  'shield',
  'unshield',
  'start',
  'stop',
  'feedback',
  'feedback-ended',
  'delay',
  'delay-ended',
  'power-fault',
  'power-restored',
  'battery-low',
  'removed',
  'reinstalled',
  'manual',
  'automatic',
  'reset',
  'silence',
  'self-test',
  'operation',
  'duty-answer',
  'water-release',
  'water-release-ended',
  'tilt',
  'low',
  'high',
  'reading',
  'heartbeat',
  'test',
  'link',
  'text',
] as const;
export type What = (typeof WHATS)[number];

/** One thing a device said. Raw bytes stay with the packet it came in. */
export interface Observation {
  readonly what: What;
  readonly address: DeviceAddress;
  /** Component type by GB/T 26875.3-2011 table 5, where the family can tell. */
  readonly componentType?: number;
  /** The family's own type code. */
  readonly deviceType?: number;
  /**
   * The device's clock, `YYYY-MM-DDTHH:mm[:ss]`, with `Z` where the device counts in UTC, otherwise in the zone of the site.
   * null: it sent one that is impossible.
   */
  readonly deviceTime?: string | null;
  /** Which alarm or fault, in the family's words: `temperature-high`, `loop-short`, `main`, `backup`. */
  readonly detail?: string;
  readonly text?: string;
  readonly textHex?: string;
  /** Finite, in the unit of `quantity`; null where the sensor says it has none. */
  readonly value?: number | null;
  readonly quantity?: Quantity;
  readonly battery?: Battery;
  readonly radio?: Radio;
  readonly tilt?: Tilt;
  readonly release?: WaterRelease;
  readonly levelMm?: number;
  readonly operatorNumber?: number;
}
