import { type Batch, decodeBatch, type Lane } from '@fengsui/protocol';
import type { Quarantined } from '../ledger/ledger.ts';

/** What a gateway delivered: a batch of its own, or bytes that are none, which go to quarantine and are acknowledged. */
export type Delivery = { readonly batch: Batch } | { readonly found: Quarantined };

/**
 * Reads an uplink message. Never throws: what is refused here would come again for ever and block everything behind it, so
 * whatever is wrong with the bytes is a reason to keep them, not to refuse them.
 */
export function readDelivery(gateway: string, lane: Lane, payload: Uint8Array): Delivery {
  const bytes = new Uint8Array(payload); // a copy of its own: views on the socket's memory would take all of it to the ledger's thread
  const read = decodeBatch(bytes);
  const reason = 'malformed' in read ? read.malformed : reasonAgainst(read, gateway, lane);
  return reason === null ? { batch: read as Batch } : { found: { gateway, lane, reason, bytes } };
}

function reasonAgainst(batch: Batch, gateway: string, lane: Lane): string | null {
  if (batch.gateway !== gateway) return `names the gateway ${batch.gateway}`;
  return batch.lane === lane ? null : `names the lane ${batch.lane}`;
}
