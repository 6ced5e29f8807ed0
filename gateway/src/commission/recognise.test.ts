import type { TalkingFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import { encodeModbusReply, encodeReadRequest } from '@fengsui/protocol/modbus';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEVICE_TIME, isTalking, sayingsOf } from './panel.fixture.ts';
import { candidatesOf, MODBUS, Recogniser, type Standing } from './recognise.ts';

const CANDIDATES = candidatesOf(FAMILIES.values());
const TALKING = [...FAMILIES.values()].filter(isTalking);

/** A busy minute: what the device says, between signs of life. */
function busyMinute(family: TalkingFamily): Uint8Array[] {
  const idle = family.play.idle?.(DEVICE_TIME);
  return sayingsOf(family).flatMap((packet) => (idle ? [idle, packet] : [packet]));
}

function standingsOf(chunks: readonly Uint8Array[]): Standing[] {
  const recogniser = new Recogniser(CANDIDATES);
  for (const chunk of chunks) recogniser.feed(chunk);
  recogniser.idle();
  return recogniser.standings();
}

test.each(TALKING.map((family) => [family.name, family] as const))('%s is recognised by what it says', (name, family) => {
  const standings = standingsOf(busyMinute(family));
  const own = standings.find((standing) => standing.name === name)!;
  expect(own.coverage).toBe(1);
  // Families that share their packets tie; nobody is ahead.
  const ahead = standings.slice(0, standings.indexOf(own)).filter(({ verdict, coverage }) => verdict !== own.verdict || coverage < 1);
  expect(ahead).toEqual([]);
});

test('Modbus is recognised from both sides of a conversation', () => {
  const ask = encodeReadRequest({ unit: 3, function: 3, register: 0, count: 2 });
  const talk = Array.from({ length: 4 }, (_, turn) => [ask, encodeModbusReply(3, 3, [turn, 300])]).flat();
  expect(standingsOf(talk)[0]).toMatchObject({ name: MODBUS, verdict: 'certain', noiseBytes: 0 });
});

test('every byte is counted once by every candidate, as packet or as noise', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (chunks) => {
      const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      for (const { packetBytes, noiseBytes } of standingsOf(chunks)) expect(packetBytes + noiseBytes).toBe(total);
    }),
  );
});

test('a line at the wrong speed is certain of nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 60, maxLength: 300 }), (babble) => {
      expect(standingsOf([babble]).filter(({ verdict }) => verdict === 'certain')).toEqual([]);
    }),
  );
});
