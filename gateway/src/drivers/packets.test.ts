import { expect, it } from 'vitest';
import { JBF_193K } from '../../../protocol/src/families/jbf-193k.ts';
import { LineCounters } from './driver.ts';
import { Packets } from './packets.ts';
import { ManualClock } from './rehearsal.ts';

const fire = (point: number) =>
  JBF_193K.play.say({ what: 'fire', address: { controller: 1, loop: 1, point }, deviceTime: '2026-11-23T10:00:00' })!;

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

it('shows whoever looks a packet as one, in whatever pieces it was read, and noise with its reason', async () => {
  const counters = new LineCounters();
  const seen: unknown[] = [];
  const watcher = {
    packet: (bytes: Uint8Array, from?: string) => void seen.push([Buffer.from(bytes).toString('hex'), from]),
    counted: (why: string, bytes: Uint8Array | undefined) => void seen.push([Buffer.from(bytes ?? []).toString('hex'), why]),
  };
  counters.watchers.add(watcher);
  const [one, other] = [fire(1), fire(2)];
  const bytes = pieces(...[...one].map((byte) => Uint8Array.of(byte)), Uint8Array.of(0xde, 0xad), Uint8Array.of(...other, ...one));
  const surroundings = { clock: new ManualClock(), signal: new AbortController().signal, counters };
  await using packets = new Packets({ bytes }, JBF_193K.cut, JBF_193K.gapMs, surroundings, '10.0.0.1:9');
  const taken: Uint8Array[] = [];
  for (let heard = await packets.take(1_000); heard !== 'end'; heard = await packets.take(1_000)) taken.push(...heard);
  const hex = (packet: Uint8Array) => Buffer.from(packet).toString('hex');
  expect(taken.map(hex)).toEqual([one, other, one].map(hex));
  expect(seen).toEqual([
    [hex(one), '10.0.0.1:9'],
    ['dead', 'no-start'],
    [hex(other), '10.0.0.1:9'],
    [hex(one), '10.0.0.1:9'],
  ]);
  counters.watchers.delete(watcher);
  counters.show(one);
  expect(seen).toHaveLength(4);
});
