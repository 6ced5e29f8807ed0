import { expect, test } from 'vitest';
import { Unread } from './unread.ts';

const HOUR_MS = 3_600_000;
/** A packet of an unknown command, with a date in it. */
const dated = (command: number, date: number) => Uint8Array.of(0xaa, command, 7, 7, date >> 8, date & 0xff);

/** Says it as the conversation does: what is not held is told and remembered. */
function say(unread: Unread, packet: Uint8Array, nowMs: number): string[] {
  const isHeld = unread.holds(packet, nowMs);
  const more = unread.overflow(nowMs).map(({ text }) => text!);
  unread.settle();
  if (!isHeld) unread.remember(packet, nowMs);
  return isHeld ? more : ['told', ...more];
}

test('a code that is said with another date each second hides no other code, and how many were held is told once an hour', () => {
  const unread = new Unread();
  const told: string[] = [];
  for (let second = 0; second < 200; second++) told.push(...say(unread, dated(1, second), second * 1_000));
  expect(told.filter((word) => word === 'told')).toHaveLength(20);
  expect(told.slice(20)).toEqual(['1 more unreadable packets held']);
  expect(say(unread, dated(2, 0), 200_000)).toEqual(['told']);
  expect(say(unread, dated(1, 200), HOUR_MS + 20_000)).toEqual(['told', '179 more unreadable packets held']);
});

test('a copy is no packet that was held, and is told again after an hour', () => {
  const unread = new Unread();
  expect([0, 1, 2].map((second) => say(unread, dated(1, 7), second * 1_000))).toEqual([['told'], [], []]);
  expect(say(unread, dated(1, 7), HOUR_MS)).toEqual(['told']);
});

test('what was to be told of those held is told again until it is durable', () => {
  const unread = new Unread();
  for (let date = 0; date < 20; date++) say(unread, dated(1, date), 0);
  expect(unread.holds(dated(1, 20), 1)).toBe(true);
  expect([unread.overflow(1), unread.overflow(2)].map(([one]) => one?.text)).toEqual([
    '1 more unreadable packets held',
    '1 more unreadable packets held',
  ]);
});
