import type { GatewayNote } from '@fengsui/protocol';
import type { Entry } from '../ledger/ledger.ts';
import { isLater, type Order } from '../order.ts';
import type { Projection, Rows } from './projection.ts';

/** What is known of a gateway from what it sent. */
export interface Gateway {
  readonly gateway: string;
  /** When the collector last committed something of it, milliseconds since 1970-01-01 UTC. */
  readonly heardMs: number;
  /** Of the latest thing it heard. */
  readonly at: Order;
  /** Counts starts of the gateway. */
  readonly boot: number;
  readonly clockSynchronised: boolean;
  /** The gateway's clock at that time, milliseconds since 1970-01-01 UTC. */
  readonly wallMs: number;
  /** What it last said of itself. */
  readonly note: { readonly note: GatewayNote; readonly text: string | null; readonly saidMs: number; readonly at: Order } | null;
  readonly position: number;
}

function noteOf(known: Gateway | undefined, { event }: Entry, at: Order): Gateway['note'] {
  if (!event.note || !isLater(at, known?.note?.at)) return known?.note ?? null;
  return { note: event.note, text: event.text ?? null, saidMs: event.time.ms, at };
}

function fold(rows: Rows<Gateway>, entry: Entry): ReadonlyMap<string, Gateway> {
  const { gateway, epoch, ordinal, boot, clockSynchronised, wallMs, position } = entry;
  const at = { epoch, ordinal };
  const known = rows.get(gateway);
  const newest = { at, boot, clockSynchronised, wallMs };
  const heardMs = Math.max(entry.committedMs, known?.heardMs ?? 0);
  return new Map([
    [gateway, { gateway, ...newest, ...(isLater(at, known?.at) ? newest : known), heardMs, note: noteOf(known, entry, at), position }],
  ]);
}

/** Every gateway: when it was last heard, and what it last said of itself. */
export const gateways: Projection<Gateway> = { name: 'gateways', version: 1, group: ({ gateway }) => gateway, fold };
