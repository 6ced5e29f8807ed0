import type { Failure } from '@fengsui/protocol';
import { expect, it } from 'vitest';
import { Backoff } from '../backoff.ts';
import { fail } from '../failures.ts';
import { systemTime } from '../journal/journal.fixture.ts';
import type { Connection } from './connection.ts';
import { openEither } from './open-either.ts';
import { Probe } from './probe.ts';

const hundredfold = { ...systemTime, sleep: (ms: number) => systemTime.sleep(ms / 100) };
const never = new AbortController().signal;

function connectionOf(disposed: () => void = () => {}): Connection {
  return {
    ended: new Promise<Failure>(() => {}),
    ends: { local: { address: '', port: 0 }, remote: { address: '', port: 0 } },
    heardMs: () => 0,
    publish: () => {},
    [Symbol.asyncDispose]: async () => disposed(),
  };
}

/** A path on which nothing answers: it ends only when it is given up. */
const blackHole = (givenUp: () => void) => (signal: AbortSignal) =>
  new Promise<Connection>((_, reject) =>
    signal.addEventListener('abort', () => {
      givenUp();
      reject(fail('uplink-lost', 'given up'));
    }),
  );

it('a probe that is ended gives up a try on which nothing answers, and tells nothing of it', async () => {
  const told: string[] = [];
  const begun = Promise.withResolvers<void>();
  const probe = new Probe({
    open: (signal) => {
      begun.resolve();
      return blackHole(() => told.push('given up'))(signal);
    },
    ...{ clock: hundredfold, backoff: new Backoff(1, 1, Math.random), signal: never },
    failed: ({ message }) => told.push(message),
  });
  await begun.promise;
  expect(await probe.take()).toBeNull();
  expect(told).toEqual(['given up']);
});

it('a probe that is ended hands over the session it is just opening', async () => {
  const begun = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<Connection>();
  const open = () => {
    begun.resolve();
    return opened.promise;
  };
  const probe = new Probe({ open, clock: hundredfold, backoff: new Backoff(1, 1, Math.random), failed: () => {}, signal: never });
  await begun.promise;
  const taken = probe.take();
  const connection = connectionOf();
  opened.resolve(connection);
  expect(await taken).toBe(connection);
});

it('two paths: the second is tried beside a first on which nothing answers, which is then given up', async () => {
  let givenUp = 0;
  const connection = connectionOf();
  const won = await openEither({ first: blackHole(() => givenUp++), second: async () => connection, clock: hundredfold, signal: never });
  expect(won).toEqual({ connection, isFirst: false });
  expect(givenUp).toBe(1);
});

it('two paths: the second is left alone where the first opens, and the first failure is told where neither does', async () => {
  let tries = 0;
  const second = async (): Promise<Connection> => {
    tries += 1;
    throw fail('uplink-unreachable', 'second');
  };
  const connection = connectionOf();
  expect(await openEither({ first: async () => connection, second, clock: hundredfold, signal: never })).toEqual({
    connection,
    isFirst: true,
  });
  await hundredfold.sleep(10_000);
  expect(tries).toBe(0);
  const first = () => Promise.reject(fail('uplink-refused', 'first'));
  await expect(openEither({ first, second, clock: hundredfold, signal: never })).rejects.toMatchObject({ code: 'uplink-refused' });
  expect(tries).toBe(1);
});
