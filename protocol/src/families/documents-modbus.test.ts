import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../codec/hex.ts';
import { encodeModbusReply } from '../codec/modbus.ts';
import { FAMILIES } from './register.ts';

/** What the register maps say beyond the sample replies. */

const REPLIES: ReadonlyArray<
  readonly [family: string, register: number, values: readonly number[], observations: readonly object[], fields?: object]
> = [
  [
    'gst-modbus',
    0,
    [0, 1, 2],
    [
      { what: 'fire', address: { point: 2 } },
      { what: 'fault', address: { point: 3 } },
    ],
    { states: ['normal', 'fire', 'fault'] },
  ],
  ['gst-modbus', 9, [0], [{ what: 'heartbeat' }], { state: 'normal' }],
  [
    'gst-modbus',
    4997,
    [2, 9],
    [
      { what: 'power-fault', detail: 'main' },
      { what: 'power-restored', detail: 'backup' },
    ],
  ],
  ['gst-modbus', 9, [4], [{ what: 'heartbeat' }], { state: 'undocumented' }],
  ['arc-detector', 6, [123], [{ what: 'reading', value: 123 }], { current: 123 }],
  [
    'gas-sfjk200',
    0x07c2,
    [0b10],
    [{ what: 'supervisory', detail: 'gas-high', address: { loop: 1, point: 1 }, componentType: 10 }],
    { highAlarm: true, alarms: ['gas-high'] },
  ],
  ['gas-sfjk200', 0x07c2, [0, 0b100], [{ what: 'reading' }, { what: 'fault', address: { loop: 1, point: 2 } }]],
  ['gas-sfjk200', 0x0c9a, [346], [{ what: 'reading', value: 34.6, address: { loop: 2, point: 1 } }]],
  [
    'gas-sfjk200',
    0x0f82,
    [0x1030, 0x3370],
    [
      { what: 'power-fault', detail: 'main' },
      { what: 'power-fault', detail: 'backup' },
      { what: 'fault', detail: 'supply-output-open', address: { loop: 1, channel: 4 } },
    ],
  ],
  [
    'gas-sfjk200',
    0x0f8a,
    [0b100001],
    [
      { what: 'fault', detail: 'can-link' },
      { what: 'fault', detail: 'loop-1-short' },
    ],
  ],
  ['asj-residual', 0x40, [7], [{ what: 'reading', detail: 'register 0040', value: 7 }]],
];

describe('replies to polls', () => {
  it.each(REPLIES.map(([name, register, values, observations, fields]) => ({ name, register, values, observations, fields })))(
    'of $name at register $register',
    ({ name, register, values, observations, fields }) => {
      const family = FAMILIES.get(name)!;
      if (family.shape !== 'polled') throw new Error(`${name} is not polled`);
      const reply = encodeModbusReply(1, 3, values);
      const read = family.decode(reply, { register, count: values.length });
      expect(read.observations).toMatchObject(observations);
      expect(read.observations).toHaveLength(observations.length);
      if (fields) expect(read.fields).toMatchObject(fields);
      expect(
        family
          .describe?.(reply)
          .map((field) => field.hex)
          .join(''),
      ).toBe(toHex(reply));
      expect(family.decode(reply, null).observations.length).toBeGreaterThan(0);
    },
  );

  it('are nothing when they are no packet', () => {
    const family = FAMILIES.get('modbus-basic')!;
    if (family.shape !== 'polled') throw new Error('modbus-basic is not polled');
    expect(family.decode(hex('0102'), null)).toMatchObject({ observations: [], remarks: ['no Modbus packet, or its CRC does not fit'] });
  });
});
