import { describe, expect, it } from 'vitest';
import { FAMILIES } from './families/register.ts';
import { deviceProblems, known, readable, repeated } from './settings-device-problems.ts';
import type { DeviceConfiguration } from './settings-devices.ts';

const everything = () => true;
const point = (over: object) => ({ scale: 1, report: { everyMs: 1000 }, inService: true, ...over });
function problems(family: string, over: object, sound = everything): string[] {
  const device = { name: 'd', family, part: { systemType: 1, systemAddress: 1 }, inService: true, points: [], ...over };
  return deviceProblems(device as unknown as DeviceConfiguration, 'devices[0]', FAMILIES.get(family), sound);
}

describe('a device that is configured wrongly', () => {
  it('is told which family it may have meant', () => {
    expect(problems('jbf-193', {})).toEqual([
      expect.stringMatching(/^devices\[0\]\.family: must be one of .*did you mean "jbf-193k"\?\)$/),
    ]);
  });

  it('is told its dialect only where its family has dialects', () => {
    expect(problems('gb26875', { dialect: 'four-faith' })).toEqual([]);
    expect(problems('gb26875', { dialect: 'for-faith' })).toEqual([expect.stringContaining('did you mean "four-faith"?')]);
    expect(problems('jbf-193k', { dialect: 'four-faith' })).toEqual(['devices[0].dialect: must be absent, jbf-193k has no dialects']);
    expect(problems('modbus-basic', { dialect: 'x', unit: 1, points: [] })[0]).toMatch(/has no dialects/);
    expect(problems('gb26875', { dialect: 7 }, () => false)).toEqual([]);
  });

  it('is told what its shape wants: an id, a unit, at least one register', () => {
    expect(problems('nb-huaqiang', {})).toEqual(['devices[0].device: is missing, nb-huaqiang is told apart by it']);
    expect(problems('pressure-transmitter', { points: [] })).toEqual([
      'devices[0].unit: is missing, pressure-transmitter is polled by it',
      expect.stringMatching(/^devices\[0\]\.points: must name at least one register \(one of /),
    ]);
  });

  it('is told about registers that are not there, twice there, or in the way of the family’s own', () => {
    const family = FAMILIES.get('pressure-transmitter')!;
    const [own] = 'points' in family ? family.points.map(({ name }) => name) : [];
    const points = [
      point({}),
      point({ register: 'pressur' }),
      point({ register: own, reads: {} }),
      point({ register: own }),
      point({ register: 'of-the-site', reads: {} }),
    ];
    expect(problems('pressure-transmitter', { unit: 1, points })).toEqual([
      expect.stringMatching(/^devices\[0\]\.points\[0\]\.register: is missing \(one of /),
      expect.stringMatching(/^devices\[0\]\.points\[1\]\.register: must be one of /),
      `devices[0].points[2].register: must be a name of the site's own, the family has ${own}`,
      `devices[0].points[3].register: must be named once (got ${own})`,
    ]);
  });

  it('is told about addresses that are missing or there twice, however their parts are ordered', () => {
    const points = [point({}), point({ address: { loop: 1, point: 2 } }), point({ address: { point: 2, loop: 1 } })];
    expect(problems('jbf-193k', { points })).toEqual([
      'devices[0].points[0].address: is missing',
      'devices[0].points[2].address: must be there once (got [["loop",1],["point",2]])',
    ]);
  });

  it('is told about limits between which no value is normal', () => {
    const limits = (low: number, high: number) => [
      point({ address: { point: 1 }, low: { limit: low, hysteresis: 5 }, high: { limit: high, hysteresis: 5 } }),
    ];
    expect(problems('jbf-193k', { points: limits(100, 110) })).toEqual([
      'devices[0].points[0]: low.limit + low.hysteresis must be below high.limit - high.hysteresis',
    ]);
    expect(problems('jbf-193k', { points: limits(100, 120) })).toEqual([]);
    expect(problems('jbf-193k', { points: limits(100, 100) }, () => false)).toEqual([]);
  });
});

it('a delay and a unit code are refused where they have no sense', () => {
  const delayed = point({ address: {}, low: { limit: 1, hysteresis: 0, delayMs: 5000 } });
  expect(problems('nb-huaqiang', { device: '860000000000017', points: [delayed] })).toEqual([
    expect.stringMatching(/^devices\[0\]\.points\[0\]\.low\.delayMs: must be 0/),
  ]);
  expect(problems('jbf-193k', { points: [point({ address: { point: 1 }, unitCode: 3 })] })).toEqual([
    'devices[0].points[0].unitCode: must be absent, jbf-193k has no unit code for it',
  ]);
});

it('a list is read as far as it is one', () => {
  expect(readable('no list' as never, 'x')).toEqual([]);
  expect(readable([{ a: 1 }, 7 as never], 'x')).toEqual([{ item: { a: 1 }, path: 'x[0]' }]);
  expect(known('x', 'a', ['a'])).toEqual([]);
  expect(repeated([{ key: 1 }, { key: undefined }, { key: undefined }, { key: 1 }])).toEqual([{ key: 1 }]);
});
