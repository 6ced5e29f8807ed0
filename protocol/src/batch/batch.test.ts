import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Batch, decodeBatch, decodeReceipt, encodeBatch, encodeReceipt, type Receipt } from './batch.ts';

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
