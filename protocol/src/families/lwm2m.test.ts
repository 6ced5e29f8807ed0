import { expect, test } from 'vitest';
import { fromHex } from '../codec/hex.ts';
import { withPath } from '../codec/lwm2m.ts';
import { LWM2M } from './lwm2m.ts';

const senml = (records: object[]) => new TextEncoder().encode(JSON.stringify(records));
const said = (payload: Uint8Array) => LWM2M.decode(payload)?.observations;

test('battery and radio of one payload are one sign of life, the sensor beside it its own word', () => {
  const payload = senml([
    { n: '/3/0/9', v: 12 },
    { n: '/3/0/20', v: 4 },
    { n: '/4/0/0', v: 7 },
    { n: '/4/0/2', v: 101 },
    { n: '/4/0/8', v: 77 },
    { n: '/3318/2/5500', vb: true },
  ]);
  expect(said(payload)).toEqual([
    {
      what: 'heartbeat',
      address: {},
      battery: { percent: 12, low: true },
      radio: { technology: 'nb-iot', rsrp: -101, cellId: 77 },
    },
    { what: 'fire', address: { point: 3318, channel: 2 }, componentType: 42 },
  ]);
});

test('errors of the device are said one by one, and that there is none any more', () => {
  const errors = (codes: number[]) => said(senml(codes.map((v, index) => ({ n: `/3/0/11/${index}`, v }))))?.slice(1);
  expect(errors([1, 7, 99])).toEqual([
    { what: 'battery-low', address: {} },
    { what: 'fault', address: {}, detail: 'IP connectivity' },
    { what: 'fault', address: {}, detail: 'error 99' },
  ]);
  expect(errors([0])).toEqual([{ what: 'fault-restored', address: {} }]);
});

test('a pressure is told in the unit the device says, and left to the site where it says none', () => {
  const pressure = (unit?: string) =>
    said(senml([{ n: '/3323/0/5700', v: 0.25 }, ...(unit === undefined ? [] : [{ n: '/3323/0/5701', vs: unit }])]));
  expect(pressure('MPa')).toMatchObject([{ value: 0.25, quantity: 'pressure-mpa' }]);
  expect(pressure('bar')).toMatchObject([{ value: 25, quantity: 'pressure-kpa' }]);
  expect(pressure('furlong')).toEqual([{ what: 'reading', address: { point: 3323, channel: 0 }, value: 0.25 }]);
  expect(pressure()).toEqual([{ what: 'reading', address: { point: 3323, channel: 0 }, value: 0.25 }]);
});

test('the value of the object called smoke is no fire, only its state is', () => {
  expect(said(senml([{ n: '/3318/0/5700', v: 50 }]))).toMatchObject([{ what: 'reading', value: 50 }]);
  expect(said(withPath('/3318/0/5500', 0, new TextEncoder().encode('0')))).toMatchObject([{ what: 'restored' }]);
  expect(
    said(
      senml([
        { n: '/3300/0/5750', vs: 'Smoke' },
        { n: '/3300/0/5500', vb: true },
      ]),
    ),
  ).toMatchObject([{ what: 'fire' }]);
});

test('a sample with a time keeps it, an object without meaning is remarked and kept', () => {
  expect(said(senml([{ n: '/3303/0/5700', v: 20, t: 1_790_000_000 }]))).toMatchObject([{ deviceTime: '2026-09-21T14:13:20Z' }]);
  expect(LWM2M.decode(senml([{ n: '/3311/0/5850', vb: true }]))).toMatchObject({
    observations: [],
    remarks: ['object 3311 says nothing we know: kept raw'],
  });
});

test('a value that cannot be is left out, not believed', () => {
  expect(said(withPath('/3/0', 11542, fromHex('C109C8')!))).toEqual([{ what: 'heartbeat', address: {} }]);
  expect(said(withPath('/3303/0', 11542, fromHex('E416447FC00000')!))).toEqual([]);
});
