import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from './hex.ts';
import {
  answerModbus,
  encodeModbusReply,
  encodeReadRequest,
  modbusCut,
  modbusValues,
  readModbusPacket,
  replyCut,
  sealModbus,
} from './modbus.ts';
import { cutAll, PacketCutter } from './packets.ts';

const request = fc.record({
  unit: fc.integer({ min: 1, max: 247 }),
  function: fc.constantFrom(1, 2, 3, 4) as fc.Arbitrary<1 | 2 | 3 | 4>,
  register: fc.integer({ min: 0, max: 0xff00 }),
  count: fc.integer({ min: 1, max: 100 }),
});
const packets = (bytes: Uint8Array) => cutAll(modbusCut, bytes).flatMap((cut) => (cut.kind === 'packet' ? [toHex(cut.bytes)] : []));

describe('Modbus packets', () => {
  it('reads back every request and every reply it writes', () => {
    fc.assert(
      fc.property(request, fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 100 }), (asked, raw) => {
        const bits = asked.function <= 2;
        const values = raw.map((value) => (bits ? value & 1 : value));
        expect(readModbusPacket(encodeReadRequest(asked))).toEqual({ kind: 'request', ...asked });
        const reply = readModbusPacket(encodeModbusReply(asked.unit, asked.function, values), { count: values.length });
        expect(reply).toMatchObject({ kind: 'reply', unit: asked.unit, function: asked.function });
        if (reply?.kind === 'reply') expect(modbusValues(reply).slice(0, values.length)).toEqual(values);
      }),
    );
  });

  it('cuts a conversation into its packets', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), (asked) => {
        const exchange = asked.flatMap((one) => [
          encodeReadRequest(one),
          encodeModbusReply(one.unit, one.function, Array(one.count).fill(1)),
        ]);
        const stream = Uint8Array.from(exchange.flatMap((packet) => [...packet]));
        expect(packets(stream)).toEqual(exchange.map(toHex));
      }),
    );
  });

  it('takes a request whole when its CRC by chance fits a shorter reply too', () => {
    for (const whole of ['1c0102c400073e00', '4001010305b50000']) expect(packets(hex(whole))).toEqual([whole]);
  });

  it('knows exceptions, also those that come with function 80 alone', () => {
    expect(readModbusPacket(hex('01800301C1'))).toEqual({ kind: 'exception', unit: 1, function: 0, exception: 3 });
    expect(readModbusPacket(sealModbus([1, 0x83, 2]))).toEqual({ kind: 'exception', unit: 1, function: 3, exception: 2 });
    expect(packets(hex('01800301C1'))).toEqual(['01800301c1']);
  });

  it('knows the writes of other masters and their answers, in captures', () => {
    expect(readModbusPacket(sealModbus([1, 6, 0, 4, 0, 1]))).toMatchObject({ kind: 'write', register: 4 });
    expect(readModbusPacket(sealModbus([1, 16, 0, 4, 0, 1, 2, 0, 9]))).toMatchObject({ kind: 'write', data: Uint8Array.of(0, 9) });
    expect(readModbusPacket(sealModbus([1, 16, 0, 4, 0, 1]))).toMatchObject({ kind: 'written', register: 4 });
    expect(packets(sealModbus([1, 6, 0, 4, 0, 1]))).toHaveLength(1);
    expect(packets(sealModbus([1, 15, 0, 4, 0, 1, 1, 1]))).toHaveLength(1);
  });

  it('takes no other bytes for a packet', () => {
    expect(readModbusPacket(hex('01'))).toBeNull();
    expect(readModbusPacket(sealModbus([1, 0x99, 1, 1]))).toBeNull();
    expect(readModbusPacket(sealModbus([1, 7, 0, 0, 0, 0]))).toBeNull();
    expect(readModbusPacket(sealModbus([1, 16, 0, 1]))).toBeNull();
    expect(readModbusPacket(sealModbus([1, 3, 0, 0, 0, 0]))).toBeNull();
    expect(cutAll(modbusCut, hex('f8 01 02'))[0]).toMatchObject({ kind: 'noise', why: 'no-start' });
    expect(cutAll(modbusCut, hex('01 2b 00 00 00 00 00 00'))[0]).toMatchObject({ kind: 'noise', why: 'no-start' });
    expect(cutAll(modbusCut, hex('01 83 44 00 00 00 00 00'))[0]).toMatchObject({ kind: 'noise', why: 'no-start' });
  });
});

describe('the reply to a request', () => {
  const asked = { unit: 3, function: 3, register: 4, count: 2 } as const;
  const reply = encodeModbusReply(3, 3, [7, 8]);

  it('is found among the replies to other requests, which are noise', () => {
    const stream = [encodeModbusReply(3, 3, [7]), encodeModbusReply(4, 3, [7, 8]), encodeModbusReply(3, 4, [7, 8]), reply];
    const cuts = cutAll(replyCut(asked), Uint8Array.from(stream.flatMap((packet) => [...packet])));
    expect(cuts.filter(({ kind }) => kind === 'packet').map(({ bytes }) => toHex(bytes))).toEqual([toHex(reply)]);
  });

  it('may be an exception in either form', () => {
    for (const exception of [sealModbus([3, 0x83, 2]), sealModbus([3, 0x80, 2])])
      expect(cutAll(replyCut(asked), exception)).toMatchObject([{ kind: 'packet' }]);
  });

  it('is known to miss what its head says, and before that what an exception would', () => {
    const missing = (bytes: Uint8Array) => {
      const cutter = new PacketCutter(replyCut(asked));
      return Array.from(bytes, (byte) => {
        cutter.feed(Uint8Array.of(byte));
        return cutter.missingBytes;
      });
    };
    expect(missing(reply)).toEqual([4, 3, 6, 5, 4, 3, 2, 1, 0]);
    expect(missing(sealModbus([3, 0x83, 2]))).toEqual([4, 3, 2, 1, 0]);
  });

  it('is refused when its CRC is wrong', () => {
    const damaged = reply.slice();
    damaged[3]! ^= 1;
    expect(cutAll(replyCut(asked), damaged)[0]).toMatchObject({ kind: 'noise', why: 'checksum' });
    expect(cutAll(replyCut(asked), hex('03 07'))[0]).toMatchObject({ kind: 'noise' });
  });
});

describe('a simulated Modbus device', () => {
  const valueAt = (fn: number, register: number) => (fn === 3 && register < 10 ? 100 + register : undefined);

  it('answers what it has, refuses what it has not, and is silent to others', () => {
    const ask = (unit: number, fn: 1 | 2 | 3 | 4, register: number, count = 1) =>
      answerModbus(encodeReadRequest({ unit, function: fn, register, count }), 5, valueAt);
    expect(ask(5, 3, 4, 2)).toEqual(encodeModbusReply(5, 3, [104, 105]));
    expect(ask(5, 3, 9, 2)).toEqual(sealModbus([5, 0x83, 2]));
    expect(ask(6, 3, 4)).toBeNull();
    expect(answerModbus(sealModbus([5, 6, 0, 4, 0, 1]), 5, valueAt)).toEqual(sealModbus([5, 0x86, 1]));
    expect(answerModbus(encodeModbusReply(5, 3, [1]), 5, valueAt)).toBeNull();
  });
});
