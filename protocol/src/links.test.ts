import { expect, test } from 'vitest';
import { Links } from './links.ts';

function site() {
  let now = 1_000;
  const clock = { wallMs: () => 1_000_000 + now, monotonicMs: () => now, sleep: () => Promise.resolve() };
  const devices = [
    { name: 'panel', family: 'three/1', silenceMs: 100 },
    { name: 'sensor', family: 'three/1', silenceMs: 500 },
  ];
  return { links: new Links(devices, clock), pass: (ms: number) => (now += ms) };
}

test('a device that is silent for longer than its time is lost, and said to be until that is durable', () => {
  const { links, pass } = site();
  expect([links.watches('panel'), links.watches('stranger'), links.dueInMs()]).toEqual([true, false, 100]);
  expect([links.heardMs('panel'), links.heardMs('stranger')]).toEqual([null, null]);
  pass(100);
  expect(links.dueInMs()).toBe(0);
  const overdue = links.overdue();
  expect(overdue).toEqual([
    { device: 'panel', family: 'three/1', observations: [{ what: 'link', address: {}, detail: 'lost' }], packet: null, heardMs: 1_001_100 },
  ]);
  expect(links.overdue()).toEqual(overdue);
  links.settle(overdue);
  expect([links.overdue(), links.dueInMs(), links.standings().get('panel')]).toEqual([[], 400, 'lost']);
  expect([links.lose('panel'), links.areLost()]).toEqual([null, false]);
  expect(links.lose('sensor')).toMatchObject({ device: 'sensor' });
  links.settle([links.lose('sensor')!]);
  expect([links.dueInMs(), links.areLost()]).toEqual([Number.POSITIVE_INFINITY, true]);
});

test('the first word after a start, or after a loss, says that the link is there; it is news once', () => {
  const { links } = site();
  const back = links.spoke('panel')!;
  expect([links.heardMs('panel'), links.heardMs('sensor')]).toEqual([1_001_000, null]);
  expect(back).toMatchObject({ what: 'link', detail: 'restored' });
  links.settle([{ device: 'panel', family: 'three/1', observations: [{ what: 'fire', address: {} }, back], packet: null, heardMs: 0 }]);
  expect(links.spoke('panel')).toBeNull();
  expect(links.spoke('stranger')).toBeNull();
  expect(links.lose('stranger')).toBeNull();
});

test('a link word that is neither lost nor restored, or of nobody, changes nothing', () => {
  const { links } = site();
  const heard = (device: string, detail: string) => ({
    device,
    family: 'three/1',
    observations: [{ what: 'link', address: {}, detail }] as const,
    packet: null,
    heardMs: 0,
  });
  links.settle([heard('panel', 'reads'), heard('stranger', 'lost')]);
  expect(links.standings()).toEqual(
    new Map([
      ['panel', 'unknown'],
      ['sensor', 'unknown'],
    ]),
  );
});
