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
