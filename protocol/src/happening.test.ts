import { expect, test } from 'vitest';
import { EDGES, EVENT_KINDS } from './event.ts';
import { happeningOf, happenings } from './happening.ts';

test('a state is called by its kind, and by what became of it', () => {
  expect(happeningOf('fire', 'began')).toEqual({ en: 'fire', zh: '火警' });
  expect(happeningOf('fire', 'ended')).toEqual({ en: 'fire ended', zh: '火警恢复' });
  expect(happeningOf('fault', 'still')).toEqual({ en: 'fault goes on', zh: '故障持续' });
  expect(happeningOf('reset', 'momentary')).toEqual({ en: 'reset', zh: '复位' });
});

test('a link that is there is never called lost', () => {
  expect(happeningOf('link', 'began')).toEqual({ en: 'link lost', zh: '链路中断' });
  expect(happeningOf('link', 'ended')).toEqual({ en: 'link up', zh: '链路正常' });
  expect(happeningOf('link', 'momentary').zh).not.toContain('中断');
});

test('there are words for every kind and edge, no two alike within a kind', () => {
  const all = happenings();
  expect(Object.keys(all)).toEqual(Object.keys(EVENT_KINDS));
  for (const edges of Object.values(all)) {
    expect(Object.keys(edges)).toEqual(Object.keys(EDGES));
    expect(new Set([edges['began']!.zh, edges['ended']!.zh, edges['still']!.zh]).size).toBe(3);
  }
});
