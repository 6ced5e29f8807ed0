import { expect, it } from 'vitest';
import { REFUSALS_SAID_AGAIN_MS, REFUSALS_UNPROVEN_SAID_MAX, STRANGERS_KEPT } from '../limits.ts';
import { absenceWords, whyIn } from './absence-words.ts';
import { quoted } from './caller.ts';
import { REFUSALS, type Refusal } from './refusals.ts';
import { TurnedAway } from './turned-away.ts';

const NOON_MS = Date.UTC(2026, 2, 1, 4);

function made() {
  let passedMs = 0;
  const lines: Array<{ fields: Record<string, unknown>; words: string }> = [];
  const clock = { wallMs: () => NOON_MS + passedMs, monotonicMs: () => passedMs };
  const log = { warn: (fields: object, words: string) => lines.push({ fields: fields as Record<string, unknown>, words }) };
  return { turnedAway: new TurnedAway({ clock, zoneMinutes: 480, log: log as never }), lines, pass: (ms: number) => (passedMs += ms) };
}

const proven = { gateway: 'gw-1', isProven: true, address: '10.0.0.7' };
const stranger = (gateway: string | null) => ({ gateway, isProven: false, address: '203.0.113.9' });

it('says once that a gateway is refused, since when, why and what to do, and after an hour again with how often', () => {
  const { turnedAway, lines, pass } = made();
  for (let time = 0; time < 5; time += 1) turnedAway.add('revoked', proven);
  expect(lines).toHaveLength(1);
  expect(lines[0]!.fields).toEqual({ name: 'intake', reason: 'revoked', gateway: 'gw-1', address: '10.0.0.7' });
  expect(lines[0]!.words).toMatch(/^网关 gw-1 被拒绝接入.*已吊销的网关.*自 2026-03-01 12:00:00 UTC\+8 起.*gateway gw-1 is refused since/);
  pass(REFUSALS_SAID_AGAIN_MS);
  turnedAway.add('revoked', proven);
  expect(lines.map(({ fields }) => fields['timesMore'])).toEqual([undefined, 4]);
  expect(turnedAway.counts().revoked).toBe(6);
});

it('says no more lines of strangers than a few an hour, counts all of them, and still says at once what concerns a gateway', () => {
  const { turnedAway, lines, pass } = made();
  for (let index = 0; index < 3 * STRANGERS_KEPT; index += 1) turnedAway.add('other-authority', stranger(`gw-${index}`));
  expect(lines).toHaveLength(REFUSALS_UNPROVEN_SAID_MAX);
  turnedAway.add('expired', proven);
  expect(lines.at(-1)!.fields).toMatchObject({ reason: 'expired', gateway: 'gw-1' });
  expect([...turnedAway.standing().keys()]).toEqual(['gw-1']);
  expect(turnedAway.counts()['other-authority']).toBe(3 * STRANGERS_KEPT);
  pass(REFUSALS_SAID_AGAIN_MS);
  turnedAway.add('no-handshake', stranger(null));
  expect(lines.at(-1)!.fields).toMatchObject({
    reason: 'no-handshake',
    strangersUnsaid: 3 * STRANGERS_KEPT - REFUSALS_UNPROVEN_SAID_MAX,
  });
});

it('remembers only the latest of those who only say who they are, and none of them as a gateway that is kept out', () => {
  const { turnedAway } = made();
  for (let index = 0; index <= STRANGERS_KEPT; index += 1) turnedAway.add('other-authority', stranger(`gw-${index}`));
  expect([turnedAway.claimant('gw-0'), turnedAway.claimant('gw-1')?.address]).toEqual([null, '203.0.113.9']);
  expect(turnedAway.standing().size).toBe(0);
});

it('of a gateway that was cut off for what it sent, nothing stands: it comes in again', () => {
  const { turnedAway, lines } = made();
  turnedAway.add('packet-too-long', proven);
  expect([turnedAway.standing().size, lines.length]).toEqual([0, 1]);
});

it('says one line an hour of each gateway that our authority named, however many are refused and whatever strangers call themselves', () => {
  const { turnedAway, lines, pass } = made();
  const gateways = Array.from({ length: 2 * STRANGERS_KEPT }, (_, index) => ({ ...proven, gateway: `gw-${index}` }));
  for (let time = 0; time < 3; time += 1) {
    for (const gateway of gateways) turnedAway.add('expired', gateway);
    for (let index = 0; index < 2 * STRANGERS_KEPT; index += 1) turnedAway.add('expired', stranger(`gw-${index}`));
    pass(60_000);
  }
  expect(lines.filter(({ fields }) => fields['address'] === proven.address)).toHaveLength(gateways.length);
  expect(lines).toHaveLength(gateways.length + REFUSALS_UNPROVEN_SAID_MAX);
  expect(turnedAway.standing().size).toBe(gateways.length);
});

it.each(Object.keys(REFUSALS) as Refusal[])('can be read from its words: %s', (reason) => {
  const refused = { reason, sinceMs: NOON_MS, lastMs: NOON_MS, address: '::1', detail: quoted('自 x 起 被拒绝接入(will)') };
  const absence = { gateway: 'gw-1', sinceMs: NOON_MS, claimant: null };
  for (const heardMs of [null, NOON_MS]) expect(whyIn(absenceWords({ ...absence, heardMs, refused }, 480))).toBe(reason);
  expect(whyIn(absenceWords({ ...absence, heardMs: NOON_MS, refused: null, claimant: refused }, 480))).toBe('away');
  expect([whyIn(''), whyIn('网关 gw-1 被拒绝接入(constructor)')]).toEqual(['away', 'away']);
});

it.each(Object.keys(REFUSALS) as Refusal[])('can be read from its words where a frame holds no more of them: %s', (reason) => {
  const gateway = 'g'.repeat(64);
  const refused = { reason, sinceMs: NOON_MS, lastMs: NOON_MS, address: '::1' };
  for (const heardMs of [null, NOON_MS]) {
    const words = absenceWords({ gateway, sinceMs: NOON_MS, heardMs, refused, claimant: null }, -570);
    expect(whyIn(new TextDecoder().decode(new TextEncoder().encode(words).subarray(0, 200)))).toBe(reason);
  }
});

it('quotes what a stranger wrote without what moves a cursor or turns a line round, and briefly', () => {
  expect(quoted('a\n\u001b[2J\u202e"b')).toBe('"a\\n\\u001b[2J?\\"b"');
  expect(quoted('x'.repeat(10_000)).length).toBeLessThan(80);
});
