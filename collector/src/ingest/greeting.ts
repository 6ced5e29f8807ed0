import { type Clock, encodeHoldings, Failure } from '@fengsui/protocol';
import type { Client } from 'aedes';
import type { Ledger } from '../ledger/ledger.ts';
import { HOLDINGS_WITHIN_MS } from '../limits.ts';
import { DOWN, holdingsTopic } from './access.ts';

export interface GreetingOptions {
  readonly ledger: Pick<Ledger, 'holdings'>;
  readonly clock: Clock;
  readonly failed: (failure: Failure) => void;
}

/**
 * Tells a gateway that begins to listen what is held of it. It resolves when that is on its way: who confirms the subscription only then
 * has told it first (MQTT 3.1.1 §3.8.4 allows it), so that the gateway knows before it sends anything. What cannot be told in time is not.
 */
export async function greet(client: Client, rivalMs: number, { ledger, clock, failed }: GreetingOptions): Promise<void> {
  const gateway = client.id;
  const over = new AbortController();
  try {
    const late = clock.sleep(HOLDINGS_WITHIN_MS, over.signal).then(() => null);
    late.catch(() => {});
    const series = await Promise.race([ledger.holdings(gateway), late]);
    if (series === null || client.closed) return;
    const payload = Buffer.from(encodeHoldings({ gateway, series, rivalMs }));
    await new Promise<void>((resolve) => client.publish({ ...DOWN, topic: holdingsTopic(gateway), payload }, () => resolve()));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failed(error);
  } finally {
    over.abort();
  }
}
