import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../codec/hex.ts';
import { STANDARD } from './dialects/habits.ts';
import { DIALECTS } from './dialects/register.ts';
import { encodeText } from './fields.ts';
import { CONTROL, encodeFrame } from './frame.ts';
import { UNIT_TYPES } from './units.ts';
import { streamView } from './view.ts';
import { bytesOfView } from './view-bytes.ts';

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

type Fields = Readonly<Record<string, unknown>>;
const shownTime = (time: unknown) => (String(time).startsWith('invalid') ? null : time);
const same = (name: string) => (view: Fields) => view[name];
/** Every field of the vectors' reference decoder, and where it stands in our view. `count` and `time` mean what the object means by them. */
const FRAME_FIELDS: Readonly<Record<string, (view: Fields) => unknown>> = {
  seq: same('serial'),
  verMajor: ({ version }) => (version as Fields)['main'],
  verUser: ({ version }) => (version as Fields)['user'],
  time: same('time'),
  src: ({ source }) => Number(source),
  srcHex: same('sourceHex'),
  dst: ({ destination }) => Number(destination),
  dstHex: same('destinationHex'),
  cmd: same('command'),
  aduLen: ({ hex }) => String(hex).length / 2 - 30,
  checksum: ({ hex }) => Number.parseInt(String(hex).slice(-6, -4), 16),
  lengthOk: ({ kind }) => kind === 'frame',
  type: ({ unit }) => (unit as Fields)['type'],
  count: ({ unit }) => (unit as Fields)['count'],
};
/** Names of state and operation bits, theirs → ours. */
const FLAGS: Readonly<Record<string, string>> = {
  normalMonitoring: 'normal',
  mainPowerFault: 'main-power',
  busFault: 'bus',
  lineFault: 'line',
  supervise: 'supervisory',
  dutyAnswer: 'duty-answer',
};
const textBytes = ({ text, textHex }: Fields) => (textHex === undefined ? encodeText(String(text), 255) : fromHex(String(textHex))!);
const OBJECT_FIELDS: Readonly<Record<string, (object: Fields) => unknown>> = {
  sysType: same('systemType'),
  sysAddr: same('systemAddress'),
  compType: same('componentType'),
  compAddr: same('componentAddress'),
  compAddrHex: same('componentAddressHex'),
  status: same('status'),
  op: same('operation'),
  operator: same('operator'),
  time: same('time'),
  analogType: same('analogueType'),
  raw: same('raw'),
  value: same('value'),
  unit: same('unit'),
  major: same('mainVersion'),
  minor: same('minorVersion'),
  timeoutMin: same('timeoutMinutes'),
  text: same('text'),
  desc: same('text'),
  descRaw: (object) => toHex(textBytes(object)).padEnd(62, '0'),
  len: (object) => textBytes(object).length,
  flags: ({ states, operations }) => states ?? operations,
  reserved: same('reserved'),
  count: same('recordCount'),
  start: same('startTime'),
};

/** What a vector states beside what we show of it, field by field; a field nobody knows is a hole in the test. */
function compared(
  stated: Fields,
  view: Fields,
  fields: typeof FRAME_FIELDS,
  apart: readonly string[] = [],
): Array<[string, unknown, unknown]> {
  return Object.entries(stated)
    .filter(([name]) => !apart.includes(name))
    .map(([name, value]) => {
      const ours = fields[name];
      if (!ours) throw new Error(`the vectors state ${name}: nothing compares it`);
      const theirs = name === 'flags' ? (value as string[]).map((flag) => FLAGS[flag] ?? flag) : name === 'time' ? shownTime(value) : value;
      return [name, theirs, ours(view)];
    });
}

describe('the JSON view of GB/T 26875.3 frames', () => {
  test.each(sound)('$name shows every field the vector states', ({ hex, decoded, standardAdu }) => {
    const [view, ...rest] = streamView(fromHex(hex)!, STANDARD);
    expect(rest).toEqual([]);
    expect(view).toMatchObject({ kind: 'frame', checksumOk: true, hex: hex.toLowerCase() });
    for (const [name, theirs, ours] of compared(decoded! as unknown as Fields, view!, FRAME_FIELDS, ['objects', 'standardAdu']))
      expect([name, ours]).toEqual([name, theirs]);
    const unit = view!['unit'] as { objects?: Fields[]; why?: string; raw?: string } | null;
    if (decoded!.type === undefined) return expect(unit).toBeNull();
    if (standardAdu !== true) return expect(unit).toMatchObject({ raw: expect.stringMatching(/^[0-9a-f]+$/), why: expect.any(String) });
    expect(unit!.objects).toHaveLength(decoded!.objects!.length);
    decoded!.objects!.forEach((stated, index) => {
      for (const [name, theirs, ours] of compared(stated, unit!.objects![index]!, OBJECT_FIELDS))
        expect([index, name, ours]).toEqual([index, name, theirs]);
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
      expect(toHex(bytesOfView({ ...views[0], hex: undefined }, dialect))).toBe(hex.toLowerCase());
    }
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
    expect(trouble({ kind: 'frames' })).toBe('kind: must be frame, noise, heartbeat or reply (got "frames")');
  });

  test('is told that a time is none, whatever it is that was written', () => {
    const wrong = (time: unknown) => trouble({ ...FRAME, time });
    for (const time of ['2026-02-30T00:00:00', '2026-13-01T00:00:00', '2026-11-23T24:00:00', '1999-12-31T23:59:59', '2026-11-23 20:00:00'])
      expect(wrong(time)).toBe(`time: ${JSON.stringify(time)} is no time YYYY-MM-DDTHH:mm:ss of the years 2000 to 2099 (null: none)`);
    expect(wrong('2026-11-23T20:00:00Z')).toMatch(/^time: .* is no time/);
    expect(wrong(20261123)).toMatch(/^time: 20261123 is no time/);
    expect(trouble({ ...FRAME, unit: unit({ ...STATE, time: 'yesterday' }) })).toMatch(/^unit\.objects\[0\]\.time: "yesterday" is no time/);
    expect(wrong(null)).toBeNull();
  });

  test('is told where count and objects, or type and bytes, do not agree', () => {
    expect(trouble({ ...FRAME, unit: { ...unit(STATE), count: 2 } })).toBe(
      'unit.count: 2, but objects holds 1: make count 1, or mend the objects',
    );
    expect(trouble({ ...FRAME, unit: { type: 200, count: 2, raw: 'c80105' } })).toBe(
      'unit.raw: begins with type 200 and count 1, the unit says 200 and 2: they must agree',
    );
    expect(trouble({ ...FRAME, unit: { type: 200, count: 0, raw: '' } })).toMatch(/^unit\.raw: begins with type none/);
    expect(trouble({ ...FRAME, unit: { type: 200, count: 1, raw: `c801${'00'.repeat(1023)}` } })).toBe(
      'unit.raw: 1025 bytes, a frame takes at most 1024',
    );
    expect(trouble({ ...FRAME, unit: { type: 200, count: 1, raw: 'c8 01 x' } })).toBe('unit.raw: must be hex (got "c8 01 x")');
    expect(trouble({ ...FRAME, unit: unit(...Array(23).fill(STATE)) })).toMatch(/^unit\.objects: 23 of type 2, a frame holds at most 22/);
    expect(trouble({ ...FRAME, unit: 'none' })).toBe('unit: must be an object, or null for none (got "none")');
  });

  test('is told where a field and its bytes, or a value and its steps, say different things', () => {
    expect(trouble({ ...FRAME, sourceHex: '790300000000' })).toBe(
      'source: "3000001" is not what sourceHex says ("889"): leave one of them out',
    );
    expect(trouble({ ...FRAME, source: undefined, sourceHex: '790300000000' })).toBeNull();
    const reading = { systemType: 1, systemAddress: 1, componentType: 42, componentAddress: 5, analogueType: 5 };
    const read = (over: object) => trouble({ ...FRAME, unit: { type: 3, count: 1, objects: [{ ...reading, ...over }] } });
    expect(read({ raw: 3500, value: 352 })).toBe(
      'unit.objects[0].value: 352 is not what unit.objects[0].raw says (350): leave one of them out',
    );
    expect(read({ raw: 3500, value: 350 })).toBeNull();
    expect(read({ value: '350' })).toBe('unit.objects[0].value: "350" is no number');
    expect(read({ value: 5000 })).toMatch(/raw: 50000 is not a whole number from -32768 to 32767/);
    expect(read({ analogueType: 99, value: 5 })).toBe('unit.objects[0].raw: is missing');
    expect(read({ analogueType: 99, value: null, raw: 7 })).toBeNull();
  });

  test('is told that a text is too long for its field, which is never cut silently', () => {
    expect(trouble({ ...FRAME, unit: unit({ ...STATE, text: '火'.repeat(16) }) })).toBe(
      'unit.objects[0].text: takes 32 bytes in GB 18030, at most 31 fit',
    );
    expect(trouble({ ...FRAME, unit: unit({ ...STATE, text: 7 }) })).toBe('unit.objects[0].text: 7 is no text');
    expect(trouble({ ...FRAME, unit: { type: 26, count: 1, objects: [{ text: 'x'.repeat(256) }] } })).toMatch(/at most 255 fit/);
  });

  test('of any frame whatever comes back to the same bytes, texts that do not decode included', () => {
    const type = fc.constantFrom(...UNIT_TYPES.keys());
    fc.assert(
      fc.property(
        type,
        fc.integer({ min: 0, max: 255 }),
        fc.uint8Array({ minLength: 300, maxLength: 300 }),
        fc.uint8Array({ minLength: 25, maxLength: 25 }),
        (unitType, count, bytes, head) => {
          const { object, max } = UNIT_TYPES.get(unitType)!;
          const size = object.size ?? object.measure(bytes, 0, bytes.length)!;
          const objects = Math.min(count % (max + 1), Math.floor(bytes.length / size), object.size === null ? 1 : 255);
          const frame = encodeFrame(CONTROL.decode(head), Uint8Array.of(unitType, objects, ...bytes.subarray(0, objects * size)));
          const [view] = streamView(frame, STANDARD);
          expect(view).not.toHaveProperty('unit.why');
          expect(toHex(bytesOfView({ ...view, hex: undefined }))).toBe(toHex(frame));
        },
      ),
      { numRuns: 500 },
    );
  });
});
