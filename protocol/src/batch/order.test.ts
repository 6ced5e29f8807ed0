import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  configurationBytes,
  decodeOrder,
  decodeOrderReceipt,
  encodeOrder,
  encodeOrderReceipt,
  ORDER_KINDS,
  ORDER_STATES,
  type Order,
  type OrderReceipt,
  type OrderState,
  orderParameters,
} from './order.ts';

const ms = fc.integer({ min: 0, max: 2 ** 48 });
const id = fc.stringMatching(/^[0-9a-f]{32}$/);
const gateway = fc.string({ minLength: 1 });
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const order: fc.Arbitrary<Order> = fc.record({
  gateway,
  id,
  kind: fc.string({ minLength: 1 }),
  parameters: json,
  issuedMs: ms,
  expiresMs: ms,
  sentMs: ms,
});
const state = fc.constantFrom(...(Object.keys(ORDER_STATES) as OrderState[]));
const receipt: fc.Arbitrary<OrderReceipt> = fc.record({ gateway, id, state, atMs: ms, result: json });

describe('orders and their receipts', () => {
  test('come back from their bytes as they were', () => {
    fc.assert(fc.property(order, (sent) => void expect(decodeOrder(encodeOrder(sent))).toEqual(sent)));
    fc.assert(fc.property(receipt, (sent) => void expect(decodeOrderReceipt(encodeOrderReceipt(sent))).toEqual(sent)));
  });

  test('random bytes are malformed or a message, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [decodeOrder(bytes), decodeOrderReceipt(bytes)]) expect('malformed' in read || 'id' in read).toBe(true);
      }),
    );
  });

  test('an order without an id of 32 hex digits or with parameters that are no JSON is malformed', () => {
    const sent = { gateway: 'gw-1', kind: 'read', parameters: {}, issuedMs: 1, expiresMs: 2, sentMs: 1 };
    expect(decodeOrder(encodeOrder({ ...sent, id: '../../etc' }))).toHaveProperty('malformed');
    const broken = encodeOrder({ ...sent, id: 'a'.repeat(32), parameters: '{' });
    broken[broken.indexOf('"'.charCodeAt(0))] = 0x7b;
    expect(decodeOrder(broken)).toHaveProperty('malformed');
  });

  test('nothing but a read of an object of LwM2M can be ordered of a device', () => {
    const asked = (over: object) => orderParameters('device-read', { device: '860000000000017', path: '/3/0/9', ...over });
    expect(asked({})).toEqual({ device: '860000000000017', path: '/3/0/9', waitMinutes: 1_500 });
    for (const path of ['/3', '/3311/0', '/19/0/0']) expect(asked({ path })).not.toHaveProperty('wrong');
    for (const path of ['/t/d', '/0/0', '/21', '/3/0/9?x=1', '/3/0/9/1', '/3/../0', '3/0/9', ''])
      expect(asked({ path })).toHaveProperty('wrong', expect.stringContaining('parameters.path: must be /object/instance/resource'));
    for (const more of [{ payload: '01' }, { method: 'PUT' }, { value: 1 }, { waitMinutes: 2_881 }])
      expect(asked(more)).toHaveProperty('wrong');
    const words = Object.keys(ORDER_KINDS).join(' ');
    expect(words).toBe('duty-check clock read device-read configuration capture restart');
  });

  test('parameters are filled in, and what does not fit is named', () => {
    expect(orderParameters('duty-check', {})).toEqual({ timeoutMinutes: 10 });
    expect(orderParameters('read', null)).toEqual({ what: 'state' });
    expect(orderParameters('duty-check', { timeoutMinutes: 0 })).toHaveProperty('wrong', expect.stringContaining('timeoutMinutes'));
    expect(orderParameters('restart', { reset: true })).toHaveProperty('wrong');
    expect(orderParameters('clock', 'now')).toHaveProperty('wrong');
  });

  test('what is signed differs for another gateway, another version and another text', () => {
    const all = [
      configurationBytes('gw-1', 1, 'a'),
      configurationBytes('gw-2', 1, 'a'),
      configurationBytes('gw-1', 2, 'a'),
      configurationBytes('gw-1', 1, 'b'),
    ];
    expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(4);
  });
});
