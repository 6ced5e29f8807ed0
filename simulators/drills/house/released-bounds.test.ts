import { COLLECTOR_SCHEMA } from '@fengsui/collector/src/config-schema.ts';
import { GATEWAY_SCHEMA } from '@fengsui/gateway/src/config-schema.ts';
import { describe, expect, it, test } from 'vitest';
import { COLLECTOR_RELEASED, GATEWAY_RELEASED } from './released-bounds.ts';
import type { Schema } from './settings-table.ts';
import { type Widest, widestBounds } from './widest-bounds.ts';

const least = (bound: number | null | undefined) => bound ?? Number.NEGATIVE_INFINITY;
const most = (bound: number | null | undefined) => bound ?? Number.POSITIVE_INFINITY;
const words = ([from, to]: Widest) => `${from ?? ''} to ${to ?? ''}`;

/** What an update would do to a site that has such a value, and what whoever made it so has to do. */
function reminders(schema: object, released: Readonly<Record<string, Widest>>): string[] {
  const now = widestBounds(schema as Schema);
  const narrowed = Object.entries(released).flatMap(([path, was]) => {
    const is = now[path];
    if (!is) return [`${path} is gone: a stored configuration that has it no longer starts; keep it, read and without effect`];
    return least(is[0]) > least(was[0]) || most(is[1]) < most(was[1])
      ? [`${path} was ${words(was)}, is ${words(is)}: a stored value between would not start; keep the wider one as \`released\``]
      : [];
  });
  const widened = Object.entries(now).flatMap(([path, is]) => {
    const was = released[path];
    return !was || least(is[0]) < least(was[0]) || most(is[1]) > most(was[1])
      ? [`${path} is permitted ${words(is)}: write that into released-bounds.ts, so that whoever narrows it is reminded`]
      : [];
  });
  return [...narrowed, ...widened];
}

describe('an update starts with every number that an earlier version permitted', () => {
  it('at the gateway', () => expect(reminders(GATEWAY_SCHEMA, GATEWAY_RELEASED)).toEqual([]));
  it('at the collector', () => expect(reminders(COLLECTOR_SCHEMA, COLLECTOR_RELEASED)).toEqual([]));
});

const of = (bounds: object): Schema => ({ type: 'object', properties: { everyS: { type: 'integer', ...bounds } } });

test('whoever narrows, widens or removes a bound is reminded', () => {
  expect(reminders(of({ minimum: 1, maximum: 40 }), { everyS: [1, 40] })).toEqual([]);
  expect(reminders(of({ minimum: 1, maximum: 20, released: { maximum: 40 } }), { everyS: [1, 40] })).toEqual([]);
  expect(reminders(of({ minimum: 1, maximum: 20 }), { everyS: [1, 40] })).toEqual([expect.stringContaining('was 1 to 40, is 1 to 20')]);
  expect(reminders(of({ minimum: 2, maximum: 40 }), { everyS: [1, 40] })).toEqual([expect.stringContaining('is 2 to 40')]);
  expect(reminders(of({ minimum: 1, maximum: 60 }), { everyS: [1, 40] })).toEqual([expect.stringContaining('is permitted 1 to 60')]);
  expect(reminders({ type: 'object', properties: {} }, { everyS: [1, 40] })).toEqual([expect.stringContaining('is gone')]);
});
