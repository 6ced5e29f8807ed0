import type { Clock } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Connection } from './connection.ts';

type Open = (signal: AbortSignal) => Promise<Connection>;

export interface EitherOptions {
  readonly first: Open;
  readonly second: Open;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Opened {
  readonly connection: Connection;
  readonly isFirst: boolean;
}

/**
 * Opens the first path and, when that has failed or takes long, the second beside it: neither waits for the other's time-out. The one
 * that opens is answered, the other given up. Rejects with the first's Failure when neither opens.
 */
export async function openEither({ first, second, clock, signal }: EitherOptions): Promise<Opened> {
  const [firstOver, secondOver] = [new AbortController(), new AbortController()];
  const late = AbortSignal.any([signal, secondOver.signal]);
  let isOpen = false;
  const one = first(AbortSignal.any([signal, firstOver.signal])).then((connection): Opened => {
    isOpen = true;
    return { connection, isFirst: true };
  });
  const beside = async (): Promise<Opened> => {
    await Promise.race([one, clock.sleep(limits.SIDE_BY_SIDE_AFTER_MS, late)]).catch(() => {});
    return isOpen ? one : { connection: await second(late), isFirst: false };
  };
  const other = beside();
  const won = await Promise.any([one, other]).catch(() => one);
  (won.isFirst ? secondOver : firstOver).abort();
  const letGo = ({ connection }: Opened) => (connection === won.connection ? undefined : connection[Symbol.asyncDispose]());
  void (won.isFirst ? other : one).then(letGo).catch(() => {});
  return won;
}
