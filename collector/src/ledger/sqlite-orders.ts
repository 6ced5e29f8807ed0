import type { OrderReceipt } from '@fengsui/protocol';
import type { Database } from 'better-sqlite3';
import type { NewOrder, OrderRecord, Received } from './orders.ts';

type Row = Omit<OrderRecord, 'parameters' | 'result'> & { readonly parameters: string; readonly result: string | null };

const COLUMNS = `id, gateway, kind, parameters, issuer, issued_ms AS issuedMs, expires_ms AS expiresMs, state, state_ms AS stateMs,
  gateway_ms AS gatewayMs, result`;

function recordOf({ parameters, result, ...row }: Row): OrderRecord {
  return { ...row, parameters: JSON.parse(parameters) as unknown, result: result === null ? null : (JSON.parse(result) as unknown) };
}

/** Writes an order that was not there before. Synchronous: lives in the ledger's writing thread. */
export function insertOrder(database: Database, { parameters, ...order }: NewOrder): void {
  database
    .prepare(
      `INSERT INTO orders (id, gateway, kind, parameters, issuer, issued_ms, expires_ms, state, state_ms)
       VALUES (@id, @gateway, @kind, @parameters, @issuer, @issuedMs, @expiresMs, 'issued', @issuedMs)`,
    )
    .run({ ...order, parameters: JSON.stringify(parameters) });
}

/** Takes a gateway's word about one of its own orders. */
export function receiveOrder(database: Database, { gateway, id, state, atMs, result }: OrderReceipt, nowMs: number): Received {
  const { changes } = database
    .prepare(
      `UPDATE orders SET state = @state, state_ms = @nowMs, gateway_ms = @atMs, result = @result
       WHERE id = @id AND gateway = @gateway AND state IN ('issued', 'delivered') AND (state <> @state OR result IS NOT @result)`,
    )
    .run({ id, gateway, state, atMs, result: JSON.stringify(result), nowMs });
  const row = database.prepare<[string, string], Row>(`SELECT ${COLUMNS} FROM orders WHERE id = ? AND gateway = ?`).get(id, gateway);
  return changes === 1 && row ? { changed: recordOf(row) } : { changed: null, known: row !== undefined };
}

export function openOrders(database: Database, notBeforeMs: number): OrderRecord[] {
  return database
    .prepare<[number], Row>(
      `SELECT ${COLUMNS} FROM orders WHERE state IN ('issued', 'delivered') AND expires_ms >= ? ORDER BY issued_ms, id`,
    )
    .all(notBeforeMs)
    .map(recordOf);
}

export function listOrders(database: Database, gateway: string | null, max: number): OrderRecord[] {
  return database
    .prepare<[string | null, string | null, number], Row>(
      `SELECT ${COLUMNS} FROM orders WHERE ? IS NULL OR gateway = ? ORDER BY issued_ms DESC, id LIMIT ?`,
    )
    .all(gateway, gateway, max)
    .map(recordOf);
}
