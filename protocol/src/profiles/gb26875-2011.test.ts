import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyEvent } from '../event.arbitrary.ts';
import type { SiteEvent } from '../event.ts';
import { STANDARD } from '../gb26875/dialects/habits.ts';
import { encodeFrame } from '../gb26875/frame.ts';
import { decodeUnit, UNIT_TYPES } from '../gb26875/units.ts';
import { streamView } from '../gb26875/view.ts';
import { GB26875_2011 } from './gb26875-2011.ts';

const control = { serial: 1, mainVersion: 1, userVersion: 1, time: 0, source: 1, destination: 2, command: 2 };
const EVENT: SiteEvent = {
  id: '00112233445566778899aabbccddeeff',
  kind: 'fire',
  edge: 'began',
  time: { ms: Date.UTC(2027, 2, 5, 6, 30, 8, 417), zoneMinutes: 480, source: 'panel' },
  part: { systemType: 1, systemAddress: 1, component: { type: 42, address: 0x00020001 } },
  source: 'panel-1',
};
const SYSTEM = { systemType: 1, systemAddress: 1 };
const GATEWAY = { systemType: 0, systemAddress: 0 };

/** What a centre reads. */
function told(over: Partial<SiteEvent>): unknown {
  const written = GB26875_2011.write({ ...EVENT, ...over });
  if ('unsayable' in written) return written.unsayable;
  const { unit } = streamView(encodeFrame(control, written.unit), STANDARD)[0] as { unit: { type: number; objects: object[] } };
  return { type: unit.type, ...unit.objects[0] };
}

describe('what a standard centre is told', () => {
  test('a fire at its point, with place and time of the site', () => {
    expect(told({ place: '1号楼3层', text: '感烟' })).toMatchObject({
      type: 2,
      componentType: 42,
      componentAddress: 0x00020001,
      states: ['normal', 'fire'],
      text: '1号楼3层 感烟',
      time: '2027-03-05T14:30:08',
    });
  });
  test('a test as a test, an end as what is left', () => {
    expect(told({ test: ['maintenance'] })).toMatchObject({ states: ['fire'] });
    expect(told({ edge: 'ended' })).toMatchObject({ states: ['normal'] });
    expect(told({ edge: 'ended', states: ['shield'] })).toMatchObject({ states: ['normal', 'shield'] });
    expect(told({ kind: 'fault', states: ['fire', 'first-fire', 'fault', 'muted'] })).toMatchObject({
      states: ['normal', 'fire', 'fault'],
    });
    expect(told({ kind: 'normal', edge: 'momentary' })).toMatchObject({ states: ['normal'] });
  });
  test.each([
    ['gas-alarm', ['normal', 'supervisory']],
    ['high', ['normal', 'supervisory']],
    ['battery-low', ['normal', 'main-power']],
    ['backup-power', ['normal', 'main-power']],
    ['bus', ['normal', 'fault']],
    ['link', ['normal', 'fault']],
    ['first-fire', ['normal', 'fire']],
  ] as const)('%s by the bit that makes the right people look', (kind, states) => {
    expect(told({ kind })).toMatchObject({ type: 2, states });
  });
  test('a whole system by its own word, with what only a system has', () => {
    expect(told({ part: SYSTEM, kind: 'reset', edge: 'momentary' })).toMatchObject({ type: 1, states: ['normal', 'reset'] });
    expect(told({ part: SYSTEM, kind: 'bus' })).toMatchObject({ type: 1, states: ['normal', 'bus'] });
    expect(told({ part: SYSTEM, kind: 'operation', operations: ['mute'], operatorNumber: 3 })).toMatchObject({
      type: 4,
      operations: ['mute'],
      operator: 3,
    });
  });
  test('a value in the steps of table 6, and one that the table cannot hold not at all', () => {
    const reading = (measured: SiteEvent['measured']) => told({ kind: 'reading', edge: 'momentary', ...(measured ? { measured } : {}) });
    expect(reading({ quantity: 'pressure-kpa', value: 350.26, quality: 'good' })).toMatchObject({ type: 3, value: 350.3, unit: 'kPa' });
    for (const [quantity, value] of [
      ['residual-current', 300],
      ['pressure-kpa', 4000],
      ['pressure-kpa', -1],
      ['pressure-kpa', null],
    ] as const)
      expect(reading({ quantity, value, quality: 'good' })).toMatch(`reading of ${quantity}`);
    expect(reading(undefined)).toMatch(/no word for this: reading/);
  });
  test('the gateway of itself: duty answers, power, its lines', () => {
    expect(told({ part: GATEWAY, kind: 'duty-answer', edge: 'momentary', operatorNumber: 3 })).toMatchObject({
      type: 24,
      operations: ['duty-answer'],
      operator: 3,
    });
    expect(told({ part: GATEWAY, kind: 'main-power' })).toMatchObject({ type: 21, states: ['normal', 'main-power'] });
    expect(told({ part: GATEWAY, kind: 'link', edge: 'ended' })).toMatchObject({ type: 21, states: ['normal'] });
    expect(told({ part: GATEWAY, kind: 'gateway', note: 'noise' })).toMatch(/no word for this: noise/);
  });
  test('nothing of signs of life, texts and manual modes of components', () => {
    for (const kind of ['heartbeat', 'text', 'manual', 'test'] as const) expect(told({ kind })).toMatch(/^GB\/T 26875\.3-2011 has no word/);
  });
});

test('every event is a unit of the standard, whole and within its limits, or said to be none', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const written = GB26875_2011.write(event);
      if ('unsayable' in written) return written.unsayable.length > 0;
      const read = decodeUnit(written.unit);
      return read !== null && 'objects' in read && read.objects.length === 1 && UNIT_TYPES.get(read.type)!.direction === 'up';
    }),
    { numRuns: 1000 },
  );
});

const ALARMS = [
  'fire',
  'first-fire',
  'prealarm',
  'gas-alarm',
  'electrical-alarm',
  'supervisory',
  'start',
  'feedback',
  'delay',
  'water-release',
  'low',
  'high',
] as const;

test('no alarm is ever beyond words, whatever its part: it sets its bit in a state of a component, a system or the gateway', () => {
  const bits = { fire: 1, 'first-fire': 1, start: 5, feedback: 6, delay: 7 } as const;
  fc.assert(
    fc.property(anyEvent, fc.constantFrom(...ALARMS), fc.constantFrom('began', 'still', 'momentary'), (event, kind, edge) => {
      const written = GB26875_2011.write({ ...event, kind, edge });
      if ('unsayable' in written) throw new Error(written.unsayable);
      const read = decodeUnit(written.unit) as unknown as { type: number; objects: Array<{ status: number }> };
      const bit = kind in bits ? bits[kind as keyof typeof bits] : 4;
      return [1, 2, 21].includes(read.type) && (read.objects[0]!.status >> bit) % 2 === 1;
    }),
    { numRuns: 2000 },
  );
});

describe('a device nobody listed', () => {
  const stranger = { part: GATEWAY, source: 'unknown-86', family: 'jbf-193k/1' };
  test.each(ALARMS)('is told with its %s, and by its name where it has no place', (kind) => {
    expect(told({ ...stranger, kind })).toMatchObject({ type: 2, systemType: 0, componentAddress: 0, text: 'unknown-86' });
    expect(told({ ...stranger, kind, text: '感烟' })).toMatchObject({ type: 2, text: '感烟' });
  });
  test('is no trouble of the gateway itself, and what only a system can be is told of one', () => {
    expect(told({ ...stranger, kind: 'link' })).toMatchObject({ type: 2, states: ['normal', 'fault'], text: 'unknown-86' });
    expect(told({ ...stranger, kind: 'reset', edge: 'momentary' })).toMatchObject({ type: 1, states: ['normal', 'reset'] });
  });
  test('with a fire is a fire, also where somebody operated it', () => {
    expect(told({ ...stranger, operations: ['mute'] })).toMatchObject({ type: 2, states: ['normal', 'fire'] });
    expect(told({ part: GATEWAY })).toMatchObject({ type: 21, states: ['normal', 'fire'] });
  });
});
