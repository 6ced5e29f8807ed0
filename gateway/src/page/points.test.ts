import { describe, expect, it } from 'vitest';
import { countOf, type Point, pageOf } from './points.ts';

const point = (source: string, more: Partial<Point> = {}): Point => ({
  ...{ source, part: { systemType: 1, systemAddress: 1 }, place: null, address: null, states: [], measured: null },
  ...{ heardMs: 1, text: null, said: null, isConfigured: true },
  ...more,
});
const ask = { search: '', show: 'all', offset: 0, max: 50 } as const;
const names = (points: readonly Point[]) => points.map(({ source }) => source);

describe('the points', () => {
  it('show what burns first, then what is out of order, then who spoke last, and at the end who never spoke', () => {
    const points = [
      point('silent', { heardMs: null }),
      point('well', { heardMs: 5 }),
      point('faulty', { states: ['fault'], heardMs: 9 }),
      point('gas', { states: ['gas-alarm'] }),
      point('later', { heardMs: 7 }),
      point('fire', { states: ['fire', 'fault'] }),
      point('broken', { measured: { quantity: 'gas', value: null, quality: 'sensor-failed' }, heardMs: 8 }),
    ];
    expect(names(pageOf(points, ask).points)).toEqual(['fire', 'gas', 'faulty', 'broken', 'later', 'well', 'silent']);
    expect(names(pageOf(points, { ...ask, show: 'abnormal' }).points)).toEqual(['fire', 'gas', 'faulty', 'broken']);
    expect(names(pageOf(points, { ...ask, show: 'silent' }).points)).toEqual(['silent']);
    expect(countOf(points)).toEqual({ total: 7, alarms: 2, abnormal: 4, silent: 1 });
  });

  it('are paged and found by place, device and address among ten thousand', () => {
    const points = Array.from({ length: 10_000 }, (_, index) =>
      point(`panel-${index % 10}`, { place: `${Math.floor(index / 100)}号楼`, address: { loop: 1, point: index }, heardMs: index }),
    );
    const page = pageOf(points, { ...ask, offset: 9_990, max: 500 });
    expect([page.total, page.found, page.points.length, page.points.at(-1)?.heardMs]).toEqual([10_000, 10_000, 10, 0]);
    expect(pageOf(points, { ...ask, max: 5_000 }).points).toHaveLength(200);
    expect(pageOf(points, { ...ask, search: ' 42号楼  PANEL-3 ' })).toMatchObject({
      found: 10,
      points: expect.arrayContaining([expect.anything()]),
    });
    expect(pageOf(points, { ...ask, search: '4242' }).points).toMatchObject([{ heardMs: 4242 }]);
  });
});
