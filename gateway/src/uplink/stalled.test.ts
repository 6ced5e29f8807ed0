import type { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { ManualClock } from '../drivers/rehearsal.ts';
import { fail } from '../failures.ts';
import * as limits from '../limits.ts';
import type { Dialled } from './dial.ts';
import { dialling } from './dialling.ts';
import { UplinkNumbers } from './numbers.ts';
import { Rivalry } from './rivalry.ts';
import { untilStalled } from './stalled.ts';

const soon = { timeout: 60_000, interval: 20 };
const never = new AbortController().signal;

/** A connection that is stalled or not, and a far side that greets when it is told to. */
function stalling() {
  const far = { isStalled: true, looks: 0, greets: false, tries: 0, open: 0, destroyed: 0 };
  const socket = { destroy: () => void (far.destroyed += 1) } as unknown as Socket;
  const once = (_: () => void, signal: AbortSignal) => {
    far.tries += 1;
    far.open += 1;
    return new Promise<Dialled>((resolve, reject) => {
      if (far.greets) resolve({ socket, tookMs: 1 });
      signal.addEventListener('abort', () => {
        far.open -= 1;
        reject(fail('uplink-lost', 'given up'));
      });
    });
  };
  const ended = Promise.withResolvers<ReturnType<typeof fail>>();
  const isInVain = async () => {
    far.looks += 1;
    return far.isStalled;
  };
  const greet = (signal: AbortSignal) => dialling({ dial: once, urgent: async () => {}, random: () => 0, withinMs: 600_000, signal });
  return { far, ended, options: { isInVain, greet, signal: never } };
}

it('a stalled connection gives its place to one that was greeted beside it', async () => {
  const { far, ended, options } = stalling();
  far.greets = true;
  const won = await untilStalled(options, { ended: ended.promise, carry: (end) => end });
  expect([won, far.destroyed]).toEqual([{ socket: expect.anything(), tookMs: 1 }, 0]);
});

it('a connection that comes to life again is kept, and no longer is the way dialled beside it', async () => {
  const { far, ended, options } = stalling();
  const carried = untilStalled(options, { ended: ended.promise, carry: (end) => end });
  await vi.waitFor(() => expect(far.tries).toBeGreaterThanOrEqual(2), soon);
  far.isStalled = false;
  await vi.waitFor(() => expect(far.open).toBe(0), soon);
  const { tries, looks } = far;
  far.greets = true;
  await vi.waitFor(() => expect(far.looks).toBeGreaterThan(looks + 4), soon);
  expect(far.tries).toBe(tries);
  const failure = fail('uplink-lost', 'the far side closed it');
  ended.resolve(failure);
  expect(await carried).toBe(failure);
});

it('connections that we replace, one soon after the other, are not taken for the work of another box', async () => {
  const numbers = new UplinkNumbers();
  const rivalry = new Rivalry({ clock: new ManualClock(), numbers, signal: never });
  for (let turn = 0; turn <= limits.RIVAL_SESSIONS; turn++) {
    const { far, ended, options } = stalling();
    far.greets = true;
    await untilStalled(options, { ended: ended.promise, carry: async (end) => rivalry.after(await end, 0) });
  }
  expect(numbers.identityFailure).toBeNull();
});
