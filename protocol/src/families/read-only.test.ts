import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, hex, toHex } from '../codec/hex.ts';
import { cutAll } from '../codec/packets.ts';
import { type BytePattern, fits } from '../codec/patterns.ts';
import type { Stimulus, TalkingFamily } from '../family.ts';
import { isSignOfLife } from '../heard.ts';
import { WHATS } from '../observation.ts';
import { FAMILIES } from './register.ts';

/**
 * Read-only towards fire equipment: no family of the register, in no dialect, at no address, can make a byte that resets,
 * silences, starts, isolates or sets a clock. Proved over everything a family can be moved to send: polls of every unit,
 * answers and questions to everything its own device says, to every vector and to anything else.
 */

const NOON = '2026-03-09T12:34:56';
const POLL_TURNS = 300;
const UNITS = 64;
const RESYNC_STEPS = 12;

const talking = [...FAMILIES.values()].flatMap((family) =>
  family.shape === 'talks'
    ? [
        [family.name, family] as const,
        ...[...(family.dialects ?? [])].map(([dialect, own]) => [`${family.name} as ${dialect}`, own] as const),
      ]
    : [],
);

function vectorsOf({ name }: TalkingFamily): Uint8Array[] {
  const rows: Array<{ hex: string }> = JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));
  return rows.map((row) => fromHex(row.hex)!);
}

/** Everything its own device can say, packet by packet. */
function saidBy(family: TalkingFamily): Uint8Array[] {
  const stimuli = WHATS.flatMap((what): Stimulus[] => [
    { what, address: { controller: 1, loop: 1, point: 2 }, deviceTime: NOON },
    { what, address: { controller: 1, loop: 1, point: 2 }, deviceTime: NOON, value: 12 },
  ]);
  const said = stimuli.flatMap((stimulus) => family.play.say(stimulus) ?? []);
  const idle = family.play.idle ? [family.play.idle(NOON)] : [];
  return [...said, ...idle].flatMap((bytes) => cutAll(family.cut, bytes).map((cut) => cut.bytes));
}

/** What a family sends on hearing these bytes, at any step of asking for everything again. */
function movedBy(family: TalkingFamily, heard: Uint8Array): Uint8Array[] {
  const steps = Array.from({ length: RESYNC_STEPS }, (_, step) => family.resync?.(heard, step) ?? null);
  return [family.answer?.(heard, NOON) ?? null, family.meanwhile?.(heard) ?? null, ...steps].filter((bytes) => bytes !== null);
}

function pollsOf({ poll }: TalkingFamily): Uint8Array[] {
  if (!poll) return [];
  const turns = Array.from({ length: POLL_TURNS }, (_, turn) => poll.packet(turn));
  return [...turns, ...Array.from({ length: UNITS }, (_, unit) => poll.packet(0, unit))];
}

/** A pattern spelled out: bytes that fit it. */
function spelled(pattern: BytePattern, filler: number): Uint8Array {
  return hex(pattern.replaceAll('??', filler.toString(16).padStart(2, '0')).replace('*', ''));
}

describe.each(talking)('%s is read-only', (_, family) => {
  const allowed = (packet: Uint8Array) => family.emits.some(({ bytes }) => fits(packet, bytes));
  const forbidden = (packet: Uint8Array) => family.neverSent.some(({ bytes }) => fits(packet, bytes));
  const check = (packet: Uint8Array, heard?: Uint8Array) =>
    expect(allowed(packet) && !forbidden(packet), `${heard ? toHex(heard) : 'poll'} → ${toHex(packet)}`).toBe(true);

  it('confirms no event with what it answers to a sign of life while that event is not durable', () => {
    const heard = saidBy(family).filter((bytes) => bytes.length > 0);
    const isEvent = (bytes: Uint8Array) => !family.decode(bytes).observations.every(isSignOfLife);
    const meant = heard.filter(isEvent).flatMap((bytes) => family.answer?.(bytes, NOON) ?? []);
    const confirmations = new Set(meant.map(toHex));
    for (const bytes of heard) {
      const meanwhile = family.meanwhile?.(bytes);
      if (meanwhile) expect(confirmations).not.toContain(toHex(meanwhile));
    }
    expect(heard.filter(isEvent).flatMap((bytes) => family.meanwhile?.(bytes) ?? [])).toEqual([]);
  });

  it('polls, answers and asks only with packets of its list, whatever it hears', () => {
    const heard = [...vectorsOf(family).flatMap((bytes) => cutAll(family.cut, bytes).map((cut) => cut.bytes)), ...saidBy(family)];
    const sent = [...pollsOf(family), ...heard.flatMap((bytes) => movedBy(family, bytes))];
    for (const packet of sent) check(packet);
    // Whoever has a list uses it, and whoever has none is silent: a check of nothing would prove nothing.
    expect(heard.length).toBeGreaterThan(0);
    expect(sent.length > 0).toBe(family.emits.length > 0);
    const damaged = fc.tuple(fc.constantFrom(...heard), fc.nat(), fc.nat(7)).map(([bytes, at, bit]) => {
      const copy = bytes.slice();
      if (copy.length > 0) copy[at % copy.length]! ^= 1 << bit;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        for (const packet of movedBy(family, bytes)) check(packet, bytes);
      }),
    );
  });

  it('could not send a command of its protocol though it wanted to', () => {
    for (const { bytes } of family.neverSent)
      for (const filler of [0x00, 0x01, 0x64, 0xff]) {
        const command = spelled(bytes, filler);
        expect(forbidden(command), bytes).toBe(true);
        expect(allowed(command), `${bytes} as ${toHex(command)}`).toBe(false);
      }
  });
});

it('no register of the register is ever written: Modbus functions 1 to 4 alone', () => {
  const polled = [...FAMILIES.values()].filter((family) => family.shape === 'polled');
  expect(polled.length).toBeGreaterThan(0);
  for (const { name, points } of polled)
    for (const point of points) expect([1, 2, 3, 4], `${name} ${point.name}`).toContain(point.function);
});

it('every protocol that knows commands names them', () => {
  // Those that only listen may name none; who sends anything at all says what it must not send.
  for (const [name, family] of talking) if (family.emits.length > 0) expect(family.neverSent.length, name).toBeGreaterThan(0);
});
