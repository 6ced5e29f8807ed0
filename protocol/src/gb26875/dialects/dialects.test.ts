import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../codec/hex.ts';
import { cutAll } from '../../codec/packets.ts';
import { parseTimeTag } from '../fields.ts';
import { encodeFrame } from '../frame.ts';
import { bodyOf } from '../units.ts';
import { streamView } from '../view.ts';
import { bytesOfView } from '../view-bytes.ts';
import { STANDARD } from './habits.ts';
import { heartbeatOf } from './heartbeats.ts';
import { DIALECTS, suggestDialects, suggestDialectsOf } from './register.ts';

const vectors = JSON.parse(readFileSync(new URL('../../../vectors/gb26875.json', import.meta.url), 'utf8')) as Array<{
  readonly name: string;
  readonly hex: string;
  readonly checksumOk: boolean;
}>;
const bytesOf = (name: string) => fromHex(vectors.find((vector) => vector.name === name)!.hex)!;
const control = {
  serial: 1,
  mainVersion: 1,
  userVersion: 1,
  time: parseTimeTag('2027-03-05T14:30:09'),
  source: 3_000_001,
  destination: 20,
  command: 2,
};
const framed = (adu: string, over: Partial<typeof control> = {}) => encodeFrame({ ...control, ...over }, fromHex(adu)!);
const viewOf = (frame: Uint8Array, dialect: string) =>
  streamView(frame, DIALECTS.get(dialect)!)[0] as { unit: { objects: Record<string, unknown>[]; why?: string } };

describe('a dialect', () => {
  const hikvision = framed(`02010101280a000200030002${'20'.repeat(30)}091e0e05031b`);
  test.each([
    ['dahua', framed('', { command: 7 }), 'command-7'],
    ['dahua', framed(`00${'01'.repeat(111)}`, { command: 0 }), null],
    ['base-station', framed('150101'), 'state-without-time'],
    ['base-station', framed('150103'), null],
    ['main-version-16', framed('16', { mainVersion: 16, userVersion: 0 }), 'one-byte-unit'],
    ['private-heartbeat', framed('8000', { command: 128, userVersion: 20 }), 'private-command'],
    ['fire-cannon', framed('3c01'), null],
    ['fubei', framed(`0201${'01'.repeat(16)}`), null],
    ['hikvision', hikvision, null],
    ['four-faith', framed('0801000000000005031b', { mainVersion: 2, userVersion: 3 }), 'login-time'],
    ['four-faith-48', bytesOf('capture-086'), null],
    ['four-faith', bytesOf('capture-135'), 'twelve-bytes'],
    ['gst', bytesOf('capture-101'), null],
    ['gst', bytesOf('capture-057'), null],
    ['fscn8001', framed('', { userVersion: 5 }), 'empty-send'],
    ['fscn8001', bytesOf('published-145'), null],
    ['switch-and-gas', framed('cc01c9010005'), null],
    ['year-first', framed('0200', { mainVersion: 0 }), null],
    ['bcd-clock', framed('', { time: 0x270305143059 }), 'empty-send'],
    ['dahua-bcd', framed('', { time: 0x270305143059, userVersion: 3, command: 7 }), 'command-7'],
    ['utc-clock', framed('1501010a1e0605031b'), null],
  ] as const)('%s is suggested first by its habit (%#)', (name, frame, heartbeat) => {
    expect(suggestDialectsOf(frame)[0]).toBe(name);
    expect(heartbeatOf(frame, DIALECTS.get(name)!)).toBe(heartbeat);
  });

  test('is suggested by version bytes alone where nothing tells more, and never by the usual 1.1', () => {
    expect(suggestDialects([framed('0501010101', { userVersion: 6 })])).toEqual(['fire-cannon']);
    expect(suggestDialects([framed('', { userVersion: 32 }), framed('150101')])[0]).toBe('base-station');
    expect(suggestDialectsOf(bytesOf('published-001'))).toEqual([]);
    expect(suggestDialects([])).toEqual([]);
  });

  test.each([...DIALECTS.values()])('$name gives back every frame that there is', (dialect) => {
    for (const { hex, checksumOk } of vectors) {
      if (!checksumOk) continue;
      const views = streamView(fromHex(hex)!, dialect);
      expect(views).toHaveLength(1);
      expect(toHex(bytesOfView({ ...views[0], hex: undefined }, dialect))).toBe(hex.toLowerCase());
    }
  });

  test('that has heartbeats of its own still cuts every frame, whole and glued', () => {
    const frames = vectors.filter(({ checksumOk }) => checksumOk).map(({ hex }) => hex.toLowerCase());
    for (const { cut } of DIALECTS.values()) {
      const found = cutAll(cut, fromHex(frames.join(''))!);
      expect(found.map(({ bytes }) => toHex(bytes))).toEqual(frames);
    }
  });
});

describe('packets that are no frames', () => {
  test('are heartbeats or replies in the dialect that has them, noise elsewhere, and come back as they were', () => {
    const twelve = bytesOf('capture-135');
    const nineteen = bytesOf('published-145');
    expect(streamView(twelve, DIALECTS.get('four-faith')!)).toEqual([{ kind: 'heartbeat', hex: toHex(twelve) }]);
    expect(streamView(nineteen, DIALECTS.get('fscn8001')!)).toEqual([{ kind: 'reply', hex: toHex(nineteen) }]);
    for (const bytes of [twelve, nineteen]) expect(streamView(bytes, STANDARD)[0]).toMatchObject({ kind: 'noise' });
    expect(bytesOfView({ kind: 'reply', hex: toHex(nineteen) })).toEqual(nineteen);
  });
});

describe('Four-Faith', () => {
  test.each(vectors.filter(({ name, checksumOk }) => checksumOk && suggestDialectsOf(bytesOf(name))[0]?.startsWith('four-faith')))(
    'frame $name is read whole in the dialect that is suggested for it',
    ({ hex }) => {
      const [dialect] = suggestDialectsOf(fromHex(hex)!);
      expect(viewOf(fromHex(hex)!, dialect!)).not.toHaveProperty('unit.why');
    },
  );

  test('reads a level that is high as no fire, on cards of 48 bytes as well', () => {
    expect(viewOf(bytesOf('capture-088'), 'four-faith-48').unit.objects[0]).toMatchObject({
      componentType: 128,
      status: 2,
      states: ['high'],
    });
    expect(viewOf(bytesOf('capture-086'), 'four-faith-48').unit.objects[0]).toMatchObject({
      componentType: 40,
      states: ['fire'],
      text: '啊〇',
    });
    const component = framed(`020101011e070000000002${'00'.repeat(31)}000000000000`);
    expect(viewOf(component, 'four-faith').unit.objects[0]).toMatchObject({ states: ['prealarm'] });
    expect(viewOf(component, 'standard').unit.objects[0]).toMatchObject({ states: ['bit-9'] });
  });

  test('shows what a panel printed, field by field', () => {
    expect(viewOf(bytesOf('capture-141'), 'four-faith').unit.objects[0]).toMatchObject({
      panel: 0,
      alarmKind: 0,
      message: '系统复位',
      time: '2023-08-08T17:25:00',
    });
    expect(viewOf(bytesOf('capture-118'), 'four-faith').unit.objects[0]).toMatchObject({
      crt: { alarmKind: 5, fields: [null, '&&QN01,机器01,回路16,部件101', '故障', null] },
    });
    expect(viewOf(framed('0a01000033020102010203040000000000000000'), 'four-faith').unit.why).toMatch(/behind the last object/);
    expect(viewOf(framed('0a0100003302010201020304000000000000 00'), 'four-faith').unit.objects[0]).toMatchObject({
      crt: { alarmKind: 1, fields: [0x04030201, null] },
    });
    for (const cut of ['0a01', '0a010000330201', '0a01000033020101', '0a010000330201 07'])
      expect(viewOf(framed(cut), 'four-faith').unit.why).toMatch(/^size/);
  });

  test('has two bodies under one number, told apart by their size, both ways', () => {
    const power = viewOf(bytesOf('capture-095'), 'four-faith');
    expect(power.unit.objects).toEqual([{ systemType: 1, systemAddress: 1, time: '2022-06-08T15:01:58' }]);
    const channel = framed('8401010103070000008764000202091e0e05031b');
    expect(viewOf(channel, 'four-faith').unit.objects[0]).toMatchObject({
      analogueType: 0x87,
      value: 100,
      channelKind: 2,
      channelNumber: 2,
    });
    expect(toHex(bytesOfView({ ...viewOf(channel, 'four-faith'), hex: undefined }, DIALECTS.get('four-faith')!))).toBe(toHex(channel));
    const row = DIALECTS.get('four-faith')!.types.get(132)!;
    expect([bodyOf(row, { analogueType: 1 }), bodyOf(row, {})]).toEqual([row, row]);
    expect(viewOf(framed('840101'), 'four-faith').unit.why).toBe('size: 1 objects take 20 bytes, not 3');
  });

  test('takes values of its own types in their unit, unsigned', () => {
    const object = { systemType: 1, systemAddress: 1, componentType: 1, componentAddress: 1, analogueType: 136, value: 65_000 };
    const view = {
      kind: 'frame',
      serial: 1,
      version: { main: 2, user: 3 },
      source: '1',
      destination: '2',
      command: 2,
      unit: { type: 3, count: 1, objects: [object] },
    };
    const bytes = bytesOfView(view, DIALECTS.get('four-faith')!);
    expect(viewOf(bytes, 'four-faith').unit.objects[0]).toMatchObject({ value: 65_000, unit: 'mV', raw: -536 });
  });

  test('is told that printed fields are wanted as bytes', () => {
    const view = viewOf(bytesOf('capture-118'), 'four-faith');
    const { crtHex: _, ...object } = view.unit.objects[0]!;
    expect(() => bytesOfView({ ...view, unit: { ...view.unit, objects: [object] } }, DIALECTS.get('four-faith')!)).toThrow(
      /crt: its bytes are wanted as crtHex/,
    );
  });
});

describe('clocks', () => {
  test('of BCD and of the year first are read, written and given back', () => {
    const bcd = framed('1c01093014050327', { time: 0x270305143009 });
    expect(viewOf(bcd, 'bcd-clock')).toMatchObject({ time: '2027-03-05T14:30:09', unit: { objects: [{ time: '2027-03-05T14:30:09' }] } });
    expect(streamView(bytesOf('published-026'), DIALECTS.get('year-first')!)[0]).toMatchObject({ kind: 'noise', why: 'checksum' });
    const first = framed('', { mainVersion: 0, time: 0x121e10060212 });
    expect(viewOf(first, 'year-first')).toMatchObject({ time: '2018-02-06T16:30:18' });
    for (const [frame, dialect] of [
      [bcd, 'bcd-clock'],
      [first, 'year-first'],
    ] as const)
      expect(toHex(bytesOfView({ ...viewOf(frame, dialect), hex: undefined }, DIALECTS.get(dialect)!))).toBe(toHex(frame));
  });
});
