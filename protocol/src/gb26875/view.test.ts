import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { DIALECTS, STANDARD, suggestDialects } from './dialects.ts';
import { bytesOfView, streamView } from './view.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly kind: string;
  readonly checksumOk: boolean;
  readonly lengthOk: boolean;
  readonly standardAdu: boolean | null;
  readonly decoded: null | {
    time: string | null;
    src: number;
    srcHex: string;
    dst: number;
    dstHex: string;
    seq: number;
    verMajor: number;
    verUser: number;
    cmd: number;
    type?: number;
    count?: number;
    objects?: Array<Record<string, unknown>>;
  };
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/gb26875.json', import.meta.url), 'utf8')) as Vector[];
const frames = vectors.filter(({ kind }) => !kind.startsWith('vendor'));
const sound = frames.filter(({ checksumOk }) => checksumOk);
const broken = vectors.filter(({ checksumOk }) => !checksumOk);

/** Names of the vectors' reference decoder → ours. */
const NAMES: Readonly<Record<string, string>> = {
  sysType: 'systemType',
  sysAddr: 'systemAddress',
  compType: 'componentType',
  compAddr: 'componentAddress',
  compAddrHex: 'componentAddressHex',
  status: 'status',
  op: 'operation',
  operator: 'operator',
  time: 'time',
  analogType: 'analogueType',
  raw: 'raw',
  value: 'value',
  unit: 'unit',
  major: 'mainVersion',
  minor: 'minorVersion',
  timeoutMin: 'timeoutMinutes',
  text: 'text',
  reserved: 'reserved',
  count: 'recordCount',
  start: 'startTime',
};

describe('the JSON view of GB/T 26875.3 frames', () => {
  test.each(sound)('$name shows every field the vector states', ({ hex, decoded, standardAdu }) => {
    const [view, ...rest] = streamView(fromHex(hex)!, STANDARD);
    expect(rest).toEqual([]);
    const { time, seq, verMajor, verUser, src, srcHex, dst, dstHex, cmd } = decoded!;
    expect(view).toMatchObject({
      kind: 'frame',
      serial: seq,
      version: { main: verMajor, user: verUser },
      time,
      source: String(src),
      sourceHex: srcHex,
      destination: String(dst),
      destinationHex: dstHex,
      command: cmd,
      checksumOk: true,
      hex: hex.toLowerCase(),
    });
    if (!decoded!.objects || standardAdu !== true) return;
    const objects = (view!['unit'] as { objects: Record<string, unknown>[] }).objects;
    expect(objects).toHaveLength(decoded!.objects.length);
    decoded!.objects.forEach((stated, index) => {
      for (const [name, ours] of Object.entries(NAMES))
        if (name in stated) expect([ours, objects[index]![ours]]).toEqual([ours, stated[name]]);
      if ('flags' in stated)
        expect((objects[index]!['states'] ?? objects[index]!['operations']) as unknown[]).toHaveLength(
          (stated['flags'] as unknown[]).length,
        );
    });
  });

  test.each(sound)('$name comes back from its view to the same bytes', ({ hex }) => {
    const [view] = streamView(fromHex(hex)!, STANDARD);
    expect(toHex(bytesOfView({ ...view, hex: undefined }))).toBe(hex.toLowerCase());
  });

  test.each(broken)('$name is noise, all of it, with its reason', ({ hex, lengthOk, checksumOk, kind }) => {
    const views = streamView(fromHex(hex)!, STANDARD);
    expect(views.map(({ kind: seen }) => seen)).not.toContain('frame');
    expect(views.map((view) => view['hex']).join('')).toBe(hex.toLowerCase());
    if (lengthOk && !checksumOk && !kind.startsWith('vendor')) expect(views[0]).toMatchObject({ kind: 'noise', why: 'checksum' });
  });

  test.each([...DIALECTS.values()])('the dialect $name gives back every vector it can read', (dialect) => {
    for (const { hex } of sound) {
      const views = streamView(fromHex(hex)!, dialect);
      expect(toHex(bytesOfView({ ...views[0], hex: undefined }, dialect.types))).toBe(hex.toLowerCase());
    }
  });
});

describe('dialects are told from the bytes', () => {
  const suggested = (name: string) => suggestDialects([fromHex(vectors.find((vector) => vector.name === name)!.hex)!]);
  test('48-byte component objects are Four-Faith cards', () => expect(suggested('capture-086')).toContain('four-faith-48'));
  test('the twelve-byte heartbeat is Four-Faith', () => expect(suggested('capture-135')).toContain('four-faith'));
  test('restored states of type 0x86 are GST', () => expect(suggested('capture-101')).toContain('gst'));
  test('a frame as the standard writes it suggests nothing', () => expect(suggested('published-001')).toEqual([]));
  test('the twelve-byte heartbeat is a sign of life where the dialect has it, noise elsewhere', () => {
    const hex = vectors.find(({ name }) => name === 'capture-135')!.hex;
    expect(streamView(fromHex(hex)!, DIALECTS.get('four-faith')!)).toEqual([{ kind: 'heartbeat', hex }]);
    expect(streamView(fromHex(hex)!, STANDARD)[0]).toMatchObject({ kind: 'noise' });
  });
});

describe('a view that people wrote', () => {
  const FRAME = {
    ...{ kind: 'frame', serial: 1, version: { main: 1, user: 0 }, time: '2026-11-23T20:00:00', source: '3000001', destination: '20' },
    command: 2,
  };
  const STATE = { systemType: 1, systemAddress: 1, componentType: 42, componentAddress: 5, status: 2 };
  const unit = (...objects: unknown[]) => ({ type: 2, count: objects.length, objects });
  const trouble = (view: object) => {
    try {
      bytesOfView(view as Record<string, unknown>);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return (error as Error).message;
    }
    return null;
  };

  test('need not say what can be empty: times, texts, a unit', () => {
    expect(trouble({ ...FRAME, time: undefined, unit: unit(STATE) })).toBeNull();
    expect(trouble(FRAME)).toBeNull();
  });

  test('is told all that is missing, by the names of the view', () => {
    expect(trouble({ kind: 'frame', serial: 1 })).toBe('version.main, version.user, source, destination, command: are missing');
    expect(trouble({ ...FRAME, command: undefined })).toBe('command: is missing');
    const { status: _, systemType: __, ...rest } = STATE;
    expect(trouble({ ...FRAME, unit: unit(STATE, rest) })).toBe('unit.objects[1].systemType, unit.objects[1].status: are missing');
    expect(trouble({ ...FRAME, unit: { objects: [] } })).toBe('unit.type, unit.count: are missing');
    const analogue = { systemType: 1, systemAddress: 1, componentType: 42, componentAddress: 5, analogueType: 3 };
    expect(trouble({ ...FRAME, unit: { type: 3, count: 1, objects: [analogue] } })).toBe('unit.objects[0].raw: is missing');
    expect(trouble({ ...FRAME, unit: { type: 3, count: 1, objects: [{ ...analogue, value: 21.5 }] } })).toBeNull();
  });

  test('is told which field is wrong', () => {
    expect(trouble({ ...FRAME, version: { main: 256, user: 0 } })).toBe('version.main: 256 is not a whole number from 0 to 255');
    expect(trouble({ ...FRAME, serial: null })).toBe('serial: null is not a whole number from 0 to 65535');
    expect(trouble({ ...FRAME, serial: '' })).toBe('serial: "" is not a whole number from 0 to 65535');
    expect(trouble({ ...FRAME, sourceHex: '0102' })).toBe('sourceHex: must be the hex of the field\'s bytes (got "0102")');
    expect(trouble({ ...FRAME, sourceHex: 'zz' })).toMatch(/^sourceHex: /);
    expect(trouble({ ...FRAME, unit: unit({ ...STATE, status: -1 }) })).toMatch(/^unit\.objects\[0\]\.status: -1 is not/);
    expect(trouble({ ...FRAME, unit: unit(7) })).toBe('unit.objects[0]: must be an object');
    expect(trouble({ ...FRAME, unit: { type: 250, count: 1 } })).toMatch(/^unit: type 250 has no table/);
    expect(trouble({ kind: 'noise', hex: 'x' })).toBe('hex: must be hex (got "x")');
    expect(trouble({ kind: 'frames' })).toBe('kind: must be frame, noise or heartbeat (got "frames")');
  });
});
