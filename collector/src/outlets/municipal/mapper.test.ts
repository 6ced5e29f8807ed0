import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyEvent } from '../../../../protocol/src/event.arbitrary.ts';
import { entryOf, eventOf } from '../../ledger.arbitrary.ts';
import { bodyOf, FIELDS, isDue, isoTime, OPEN_SLOTS } from './mapper.ts';
import { outcomeOf, retryAfterMs } from './outcome.ts';

const operator = { operatorCode: 'JDZ-DEMO' };

describe('the municipal mapper', () => {
  it('makes the same bytes of the same entry, and JSON with id, code, type, source and time of every event', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const entry = entryOf({ event });
        const body = bodyOf(entry, operator);
        expect(bodyOf(structuredClone(entry), operator)).toBe(body);
        for (const name of [
          'eventId',
          'operatorCode',
          'sourceType',
          'sourceCode',
          'eventTime',
          'kind',
          'edge',
          'kindName',
          'gateway',
          'part',
        ])
          expect(JSON.parse(body)).toHaveProperty(name);
      }),
    );
  });

  it('names the kind whatever its edge, and a link by what became of it', () => {
    const nameOf = (event: Parameters<typeof eventOf>[0]) => JSON.parse(bodyOf(entryOf({ event: eventOf(event) }), operator)).kindName;
    expect([nameOf({ kind: 'fire', edge: 'began' }), nameOf({ kind: 'fire', edge: 'ended' })]).toEqual(['火警', '火警']);
    expect([nameOf({ kind: 'link', edge: 'began' }), nameOf({ kind: 'link', edge: 'ended' })]).toEqual(['链路中断', '链路正常']);
  });

  it('writes times in the zone of the site', () => {
    expect(isoTime(Date.UTC(2026, 10, 23, 16, 30, 5, 7), 480)).toBe('2026-11-24T00:30:05.007+08:00');
    expect(isoTime(Date.UTC(2026, 10, 23, 16, 30), -570)).toBe('2026-11-23T07:00:00.000-09:30');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: -840, max: 840 }), (ms, zone) => {
        if (ms < 8.64e15 / 100) expect(Date.parse(isoTime(ms, zone))).toBe(ms);
      }),
    );
  });

  it('names each field once, and says what it does not know', () => {
    expect(new Set(FIELDS.map(({ name }) => name)).size).toBe(FIELDS.length);
    expect(OPEN_SLOTS.length).toBeGreaterThan(0);
  });

  it('leaves out what is no live event', () => {
    expect(isDue(eventOf({ kind: 'fire' }))).toBe(true);
    expect(isDue(eventOf({ kind: 'fire', test: [] }))).toBe(true);
    expect(isDue(eventOf({ kind: 'fire', test: ['drill'] }))).toBe(false);
    expect(isDue(eventOf({ kind: 'gateway' }))).toBe(false);
    expect(isDue(eventOf({ kind: 'heartbeat' }))).toBe(false);
  });
});

describe('what an answer means', () => {
  const outcome = (status: number, body = '', isWhole = true) => outcomeOf({ status, retryAfter: undefined, body, isWhole }, 0).is;

  it('is yes for 2xx unless the body takes it back', () => {
    expect([outcome(200), outcome(204), outcome(202, 'ok'), outcome(200, '{"success":true}'), outcome(200, 'null')]).toEqual(
      Array(5).fill('confirmed'),
    );
    expect([outcome(200, '{"success":0}'), outcome(200, '{"success":false}')]).toEqual(['again', 'again']);
  });

  it('is not yet for a 2xx that something in between gave, or whose end nobody read', () => {
    expect([
      outcome(200, '<!DOCTYPE html><title>log in</title>'),
      outcome(200, '\n<html>'),
      outcome(200, '{"success":true', false),
    ]).toEqual(Array(3).fill('again'));
  });

  it('is no for the 4xx that are about the event, and not yet for everything else', () => {
    expect([400, 406, 409, 410, 413, 415, 422].map((status) => outcome(status))).toEqual(Array(7).fill('refused'));
    const others = [301, 307, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504];
    expect(others.map((status) => outcome(status))).toEqual(Array(12).fill('again'));
  });

  it('reads Retry-After as seconds and as a date, and never waits longer than five minutes', () => {
    expect(retryAfterMs('3', 0)).toBe(3_000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4_000)).toBe(6_000);
    expect(retryAfterMs('999999', 0)).toBe(300_000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 40_000)).toBe(0);
    expect([retryAfterMs('soon', 0), retryAfterMs('', 0), retryAfterMs(undefined, 0)]).toEqual([undefined, undefined, undefined]);
  });
});
