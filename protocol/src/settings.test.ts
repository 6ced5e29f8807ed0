import fc from 'fast-check';
import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { frozen, readSettings, soundness } from './settings.ts';

const closed = { additionalProperties: false };
const SCHEMA = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z]+$', says: 'must be small letters' }),
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 0 }),
    lines: Type.Array(
      Type.Union([
        Type.Object({ kind: Type.Literal('serial'), path: Type.String() }, closed),
        Type.Object({ kind: Type.Literal('tcp'), port: Type.Integer() }, closed),
      ]),
      { default: [] },
    ),
  },
  closed,
);

function problems(source: string): readonly string[] {
  const read = readSettings(source, SCHEMA);
  return 'problems' in read ? read.problems : read.shape.map(({ line }) => line);
}

describe('settings', () => {
  it('come with their defaults filled in', () => {
    expect(readSettings('name: abc', SCHEMA)).toEqual({ value: { name: 'abc', port: 0, lines: [] }, shape: [] });
  });

  it('name every problem at once, each with its path and what was found', () => {
    expect(problems('name: A1\nport: 70000\nports: 1\nlines: [{ kind: tcp, port: x }, { kind: ship }]')).toEqual(
      expect.arrayContaining([
        'name: must be small letters (got A1)',
        'port: must be at most 65535 (got 70000)',
        'ports: is no key here, did you mean "port"?',
        'lines[0].port: must be integer (got x)',
        'lines[1].kind: must be one of serial, tcp (got ship)',
      ]),
    );
  });

  it('name what is not in a list of words, too few, or cut short where it is long', () => {
    const schema = Type.Object({
      kind: Type.Enum(['serial', 'network']),
      list: Type.Array(Type.String(), { minItems: 1 }),
      few: Type.Array(Type.Integer(), { maxItems: 2 }),
      port: Type.Integer({ minimum: 1 }),
      name: Type.Union([Type.Object({ kind: Type.Literal('a') }), Type.Object({ kind: Type.Literal('b') })]),
    });
    const read = readSettings(`kind: serail\nlist: []\nfew: [1, 2, 3]\nport: 0\nname: ${'x'.repeat(80)}`, schema);
    expect('problems' in read ? read.problems : read.shape.map(({ line }) => line)).toEqual([
      'kind: must be one of serial, network (got serail, did you mean "serial"?)',
      'list: must have at least 1 (got 0)',
      'few: must have at most 2 (got 3)',
      'port: must be at least 1 (got 0)',
      `name: must be object (got ${'x'.repeat(57)}…)`,
    ]);
    expect(readSettings('kind: 7', Type.Object({ kind: Type.Enum(['serial']) }))).toMatchObject({
      shape: [{ line: 'kind: must be one of serial (got 7)' }],
    });
  });

  it('say where a text stops being YAML', () => {
    expect(problems('name: abc\nport: [1')[0]).toMatch(/^line 2, column \d+: /);
    expect(problems('name: abc\nname: abd')[0]).toMatch(/^line 2, column 1: Map keys must be unique/);
  });

  it('refuse a text whose aliases would grow without bound', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...['b', 'c', 'd'].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abc'[index]}`)}]`),
    ];
    expect(problems(bomb.join('\n'))).toEqual([expect.stringContaining('alias')]);
  });

  it('of an empty text are what is missing', () => {
    expect(problems('')).toEqual(['name: is missing']);
  });

  it('tell which paths can be read although others cannot', () => {
    const read = readSettings('name: 1\nlines: [{ kind: serial, path: /dev/ttyS0 }, { kind: tcp }]', SCHEMA);
    const sound = soundness('shape' in read ? read.shape : []);
    expect([sound('name'), sound('lines[0]'), sound('lines[1]'), sound('lines[10]')]).toEqual([false, true, false, true]);
  });

  it('never throw, whatever the text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (source) => void problems(source)));
  });

  it('are frozen to the last leaf', () => {
    const value = frozen({ inner: { list: [{ leaf: 1 }] } });
    expect(() => Object.assign(value.inner.list[0]!, { leaf: 2 })).toThrow(TypeError);
  });
});
