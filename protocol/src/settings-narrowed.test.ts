import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';
import { broughtWithinBounds } from './settings-narrowed.ts';

const closed = { additionalProperties: false };
const keepalive = { minimum: 5, maximum: 20, released: { minimum: 1, maximum: 40 }, default: 20, says: 'must be 5 to 20 seconds' };
const SCHEMA = Type.Object(
  {
    paths: Type.Array(
      Type.Union([
        Type.Object({ kind: Type.Literal('mqtt'), keepaliveS: Type.Integer(keepalive), retry: Type.Integer({ default: 3 }) }, closed),
        Type.Object({ kind: Type.Literal('tcp') }, closed),
      ]),
    ),
  },
  closed,
);

function stored(source: string) {
  const read = readSettings(source, SCHEMA);
  if ('problems' in read) throw new Error(read.problems.join());
  return broughtWithinBounds(read, SCHEMA);
}

describe('a stored configuration whose bounds were narrowed since', () => {
  it.each([
    [40, 20],
    [1, 5],
  ])('with %d runs with %d, told with the reason, and has its defaults', (wrote, inForce) => {
    const { value, shape, narrowed } = stored(`paths: [{ kind: mqtt, keepaliveS: ${wrote} }]`);
    expect([value, shape]).toEqual([{ paths: [{ kind: 'mqtt', keepaliveS: inForce, retry: 3 }] }, []]);
    expect(narrowed).toMatchObject([{ path: 'paths[0].keepaliveS', wrote, inForce }]);
    expect(narrowed[0]!.line).toContain(`${wrote} was permitted by an earlier version; ${inForce} is in force`);
  });

  it.each([0, 41])('with %d, which no version permitted, stays a problem', (wrote) => {
    const { shape, narrowed } = stored(`paths: [{ kind: mqtt, keepaliveS: ${wrote} }]`);
    expect([shape.length > 0, narrowed]).toEqual([true, []]);
  });

  it('is left alone where it fits', () => {
    const { value, narrowed } = stored('paths: [{ kind: mqtt, keepaliveS: 10 }, { kind: tcp }]');
    expect([value, narrowed]).toEqual([{ paths: [{ kind: 'mqtt', keepaliveS: 10, retry: 3 }, { kind: 'tcp' }] }, []]);
  });
});
