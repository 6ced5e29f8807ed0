import { describe, expect, it } from 'vitest';
import type { Published, PublishingFamily } from '../family.ts';
import { FAMILIES } from './register.ts';

const bytes = (body: object) => new TextEncoder().encode(JSON.stringify(body));
const inside = (eventContent: object) => bytes({ messageType: 'eventReport', eventType: 2, eventContent });

describe('which smoke_state is the alarm', () => {
  it.each([
    ['nb-siterwell', bytes],
    ['push-ctwing', inside],
  ])('is a setting of each device of %s, 0 where the site says nothing', (name, payload) => {
    const family = FAMILIES.get(name) as PublishingFamily;
    const said = (state: unknown, dialect?: string) => {
      const published = family.decode(payload({ smoke_state: state, tamper_alarm: 1, error: 2 }))!;
      const { observations }: Published = dialect === undefined ? published : family.dialects!.get(dialect)!(published);
      return observations.map(({ what }) => what);
    };
    const others = ['removed', 'fault'];
    expect([said(0), said(1)]).toEqual([
      ['fire', ...others],
      ['heartbeat', ...others],
    ]);
    expect([said(0, 'alarm-at-0'), said(1, 'alarm-at-0')]).toEqual([said(0), said(1)]);
    expect([said(0, 'alarm-at-1'), said(1, 'alarm-at-1')]).toEqual([said(1), said(0)]);
    for (const odd of [2, -1, 'on']) expect(said(odd, 'alarm-at-1')).toEqual(said(odd));
  });

  it('leaves alone what another product says in the same push', () => {
    const family = FAMILIES.get('push-ctwing') as PublishingFamily;
    const published = family.decode(inside({ gas_sensor_state: 2, gas_value: 22 }))!;
    expect(family.dialects!.get('alarm-at-1')!(published)).toEqual(published);
  });
});
