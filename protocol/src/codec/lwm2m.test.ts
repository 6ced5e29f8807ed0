import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCbor } from './cbor.ts';
import { fromHex, toHex } from './hex.ts';
import { CONTENT_FORMATS, numberIn, pathIn, readResources, readTlv, textIn, withPath } from './lwm2m.ts';

const bytes = (hex: string) => fromHex(hex)!;
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The device object of the example in OMA-TS-LightweightM2M 6.4.3.1. */
const DEVICE = bytes(
  'C800144F70656E204D6F62696C6520416C6C69616E6365C801164C69676874776569676874204D324D20436C69656E74C80209333435303030313233C303312E30860641000141010588070842000ED842011388870841007D42010384C10964C10A0F830B410000C40D5182428FC60E2B30323A3030C11055',
);

describe('TLV', () => {
  test('the example of the specification is read to the last byte', () => {
    const resources = readTlv([3, 0], DEVICE)!;
    const seen = new Map(resources.map(({ path, value }) => [path.join('/'), value]));
    expect(textIn(seen.get('3/0/0')!)).toBe('Open Mobile Alliance');
    expect(numberIn(seen.get('3/0/9')!, 'integer')).toBe(100);
    expect([numberIn(seen.get('3/0/7/0')!, 'integer'), numberIn(seen.get('3/0/7/1')!, 'integer')]).toEqual([3800, 5000]);
    expect(numberIn(seen.get('3/0/13')!, 'integer')).toBe(1_367_491_215);
    expect(textIn(seen.get('3/0/16')!)).toBe('U');
  });

  test('the same inside its object instance', () => {
    const instance = Uint8Array.of(0x08, 0x00, DEVICE.length, ...DEVICE);
    expect(readTlv([3], instance)).toEqual(readTlv([3, 0], DEVICE));
    expect(readTlv([3, 0], instance)).toEqual(readTlv([3, 0], DEVICE));
  });

  test('one resource, with an identifier of two bytes, asked for as instance or by its own path', () => {
    const value = bytes('E4164441AC0000');
    expect(readTlv([3303, 0], value)?.map(({ path, value }) => [path, numberIn(value, 'float')])).toEqual([[[3303, 0, 5700], 21.5]]);
    expect(readTlv([3303, 0, 5700], value)).toEqual(readTlv([3303, 0], value));
  });

  test('cut at any byte it is nothing, or whole entries', () => {
    for (let length = 1; length < DEVICE.length; length++) {
      const resources = readTlv([3, 0], DEVICE.subarray(0, length));
      if (resources) expect(readTlv([3, 0], DEVICE)!.slice(0, resources.length)).toEqual(resources);
    }
  });
});

describe('SenML', () => {
  const records = [
    [[3303, 0, 5700], 21.5],
    [[3303, 0, 5701], 'Cel'],
    [[3200, 1, 5500], true],
  ];
  const read = (format: number | null, payload: Uint8Array, path: number[] = []) =>
    readResources(path, format, payload)?.map(({ path, value }) => [path, value]);

  test('in JSON', () => {
    const payload = utf8('[{"bn":"/3303/0/","n":"5700","v":21.5},{"n":"5701","vs":"Cel"},{"bn":"/3200/1/","n":"5500","vb":true}]');
    expect(read(CONTENT_FORMATS.senmlJson, payload)).toEqual(records);
    expect(read(null, payload)).toEqual(records);
  });

  test('in CBOR', () => {
    const payload = bytes(
      '83a321682f333330332f302f00643537303002fb4035800000000000a2006435373031036343656ca321682f333230302f312f00643535303004f5',
    );
    expect(read(CONTENT_FORMATS.senmlCbor, payload)).toEqual(records);
    expect(read(null, payload)).toEqual(records);
  });

  test('in the JSON of LwM2M 1.0, with names below the path that was asked for', () => {
    const payload = utf8('{"bn":"/3303/0/","e":[{"n":"5700","v":21.5},{"n":"5701","sv":"Cel"}]}');
    expect(read(CONTENT_FORMATS.json, payload)).toEqual(records.slice(0, 2));
    expect(read(CONTENT_FORMATS.json, utf8('{"e":[{"n":"5700","v":21.5}]}'), [3303, 0])).toEqual(records.slice(0, 1));
  });

  test('with the times of its values', () => {
    const payload = utf8('[{"bn":"/3303/0/5700","bt":1790000000,"v":1},{"t":60,"v":2}]');
    expect(readResources([], 110, payload)?.map(({ unixSeconds }) => unixSeconds)).toEqual([1_790_000_000, 1_790_000_060]);
  });

  test.each(['[]', '{}', '[{"v":1}]', '[{"n":"/a/b","v":1}]', '[{"n":"/1/2","v":1}]', '{"e":1}', '[1]', 'null', '"x"'])(
    '%s is none',
    (text) => {
      expect(readResources([], 110, utf8(text))).toBeNull();
    },
  );
});

test('plain text is one resource, opaque bytes stay bytes', () => {
  expect(readResources([3, 0, 9], 0, utf8('87'))).toEqual([{ path: [3, 0, 9], value: '87' }]);
  expect(readResources([3, 0], 0, utf8('87'))).toBeNull();
  expect(readResources([19, 0, 0], 42, Uint8Array.of(1))).toEqual([{ path: [19, 0, 0], value: Uint8Array.of(1) }]);
});

test.each([
  ['-12.5', 'float', -12.5],
  [bytes('ff'), 'integer', -1],
  [bytes('0102'), 'float', 258],
  [bytes('41ac0000'), 'float', 21.5],
  [bytes('41ac0000'), 'integer', 0x41ac0000],
  [bytes('4035800000000000'), 'float', 21.5],
  [bytes('7fc00000'), 'float', null],
  [bytes('010203'), 'integer', null],
  ['hot', 'float', null],
] as const)('the number in %o as %s is %o', (value, type, number) => {
  expect(numberIn(value, type)).toBe(number);
});

test('a payload keeps its path and format as evidence', () => {
  const whole = withPath('/3/0', 11542, DEVICE);
  expect(pathIn(whole)).toEqual({ path: [3, 0], format: 11542, payload: DEVICE });
  expect(pathIn(withPath('/3303/0/5700', null, utf8('21')))).toMatchObject({ path: [3303, 0, 5700], format: null });
  expect(pathIn(DEVICE)).toEqual({ path: [], format: null, payload: DEVICE });
});

describe('CBOR', () => {
  test.each([
    ['f93c00', 1],
    ['f9c000', -2],
    ['fb3ff199999999999a', 1.1],
    ['3863', -100],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['c11a514b67b0', 1_363_896_240],
    ['5f42010243030405ff', bytes('0102030405')],
    ['9f0102ff', [1, 2]],
    ['7f6161ff', 'a'],
    ['f6', null],
  ])('%s is read as RFC 8949 appendix A says', (hex, value) => {
    expect(readCbor(bytes(hex))).toEqual(value);
  });

  test.each(['ff', '9f', '1c', '1bffffffffffffffff', '62ff', '61ff', 'a1f601', '0000', `${'81'.repeat(20)}00`])('%s is none', (hex) => {
    expect(readCbor(bytes(hex))).toBeUndefined();
  });
});

test('law: no bytes throw, in any format', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.nat(DEVICE.length).map((length) => DEVICE.subarray(0, length)),
    fc.json().map(utf8),
  );
  const path = fc.array(fc.nat(65_535), { maxLength: 4 });
  fc.assert(
    fc.property(path, fc.constantFrom(null, 0, 42, 110, 112, 11542, 11543, 60), payload, (path, format, payload) => {
      for (const { path: full, value } of readResources(path, format, payload) ?? []) {
        expect(full.length).toBeGreaterThan(0);
        numberIn(value, 'float');
        numberIn(value, 'integer');
        textIn(value);
      }
      expect(toHex(pathIn(payload).payload)).toBe(toHex(payload.subarray(payload.length - pathIn(payload).payload.length)));
    }),
  );
});
