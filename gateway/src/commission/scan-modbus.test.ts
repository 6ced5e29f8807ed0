import type { ReadFunction } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { describe, expect, it } from 'vitest';
import { type FoundUnit, fitsOf } from './scan-modbus.ts';
import { showUnit } from './scan-modbus-text.ts';

const PLAIN = { good: String, strong: String } as unknown as Parameters<typeof showUnit>[2];

/** A unit that answers every register of every function, 0 but for those given. */
function unit(given: Readonly<Record<number, number>>): FoundUnit {
  const registers = new Map(Array.from({ length: 32 }, (_, register) => [register, given[register] ?? 0]));
  const bits = new Map(Array.from({ length: 32 }, (_, register) => [register, 0]));
  return {
    unit: 1,
    values: new Map<ReadFunction, ReadonlyMap<number, number>>([
      [3, registers],
      [4, registers],
      [1, bits],
      [2, bits],
    ]),
  };
}

const names = (found: FoundUnit) => fitsOf(found, FAMILIES.values()).map(({ family }) => family.name);

describe('a unit that answers every register', () => {
  it('is taken for a device whose map gives believable values before it is taken for anything at all', () => {
    const family = FAMILIES.get('pressure-transmitter')!;
    if (family.shape !== 'polled') throw new Error('polled');
    const pressure = family.points.find(({ name }) => name === 'pressure')!;
    const found = names(unit({ [pressure.register]: 420 }));
    expect(found).toContain('modbus-basic');
    expect(found.indexOf('pressure-transmitter')).toBeLessThan(found.indexOf('modbus-basic'));
  });

  it('with nothing but zeros is told to be unknown', () => {
    const quiet = unit({});
    const shown = (found: FoundUnit) => showUnit(found, fitsOf(found, FAMILIES.values()), PLAIN).join('\n');
    expect(shown(quiet)).toContain('which tells nothing of the device');
    expect(shown(unit({ 3: 7 }))).not.toContain('which tells nothing');
    expect(names(quiet)[0]).toBe('modbus-basic');
  });
});
