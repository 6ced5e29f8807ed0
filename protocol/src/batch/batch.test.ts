import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fengsui } from './batch.generated.js';
import { type Batch, decodeBatch, decodeReceipt, encodeBatch, encodeReceipt, type Receipt } from './batch.ts';
import { decodeHoldings, encodeHoldings, type Holdings } from './holdings.ts';

const safe = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const safeOrZero = fc.oneof(fc.constant(0), safe);
const lane = fc.constantFrom('alarm' as const, 'ordinary' as const);
const row = fc.record({
  number: safe,
  order: safe,
  frame: fc.uint8Array({ maxLength: 80 }),
  boot: fc.integer({ min: 0, max: 0xffffffff }),
  monotonicMs: safeOrZero,
  wallMs: safeOrZero,
  clockSynchronised: fc.boolean(),
});
const batch: fc.Arbitrary<Batch> = fc.record({
  gateway: fc.string({ minLength: 1 }),
  epoch: safe,
  lane,
  profile: fc.string(),
  rows: fc.array(row, { maxLength: 5 }),
});
const receipt: fc.Arbitrary<Receipt> = fc.record({
  gateway: fc.string({ minLength: 1 }),
  epoch: safe,
  lane,
  accepted: fc.array(safe),
  rejected: fc.array(fc.record({ number: safe, reason: fc.string() })),
});
const holdings: fc.Arbitrary<Holdings> = fc.record({
  gateway: fc.string({ minLength: 1 }),
  series: fc.array(fc.record({ epoch: safeOrZero, lane, highest: safeOrZero }), { maxLength: 5 }),
  rivalMs: safeOrZero,
});

describe('what a collector holds', () => {
  test('comes back from its bytes as it was', () => {
    fc.assert(fc.property(holdings, (told) => void expect(decodeHoldings(encodeHoldings(told))).toEqual(told)));
  });

  test('is malformed or a list of safe numbers, whatever the bytes, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = decodeHoldings(bytes);
        if ('malformed' in read) return;
        for (const { epoch, highest } of read.series) expect([epoch, highest].every(Number.isSafeInteger)).toBe(true);
      }),
    );
    expect(decodeHoldings(new Uint8Array())).toEqual({ malformed: 'no gateway is named' });
  });

  test('leaves out series of no lane and of numbers that are not safe', () => {
    const series = [
      { epoch: 1, lane: fengsui.Lane.LANE_UNKNOWN, highest: 1 },
      { epoch: 2 ** 60, lane: fengsui.Lane.ALARM, highest: 1 },
      { epoch: 3, lane: fengsui.Lane.ORDINARY, highest: 4 },
      { epoch: 5, highest: 1 },
    ];
    const bytes = fengsui.Holdings.encode({ gateway: 'gw-1', series, rivalMs: 2 ** 60 }).finish();
    expect(decodeHoldings(bytes)).toEqual({ gateway: 'gw-1', series: [{ epoch: 3, lane: 'ordinary', highest: 4 }], rivalMs: 0 });
  });
});

describe('batch and receipt', () => {
  test('come back from their bytes as they were', () => {
    fc.assert(
      fc.property(batch, (sent) => {
        const read = decodeBatch(encodeBatch(sent)) as Batch;
        expect({ ...read, rows: read.rows.map((each) => ({ ...each, frame: Uint8Array.from(each.frame) })) }).toEqual(sent);
      }),
    );
    fc.assert(fc.property(receipt, (sent) => void expect(decodeReceipt(encodeReceipt(sent))).toEqual(sent)));
  });

  test('random bytes are malformed or a message, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [decodeBatch(bytes), decodeReceipt(bytes)]) expect('malformed' in read || 'lane' in read).toBe(true);
      }),
    );
  });

  test('a message without gateway or lane, and a row without number, are malformed', () => {
    const rowless: Batch = {
      gateway: 'g',
      epoch: 1,
      lane: 'alarm',
      profile: 'p',
      rows: [{ number: 0, order: 1, frame: new Uint8Array(), boot: 1, monotonicMs: 1, wallMs: 1, clockSynchronised: false }],
    };
    expect(decodeBatch(encodeBatch(rowless))).toEqual({ malformed: 'a row has no number' });
    expect(decodeBatch(new Uint8Array())).toEqual({ malformed: 'gateway, epoch or lane is missing' });
    expect(decodeReceipt(new Uint8Array())).toEqual({ malformed: 'gateway, epoch or lane is missing' });
  });
});
