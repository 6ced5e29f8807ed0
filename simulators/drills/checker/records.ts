import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';

// What the checker reads. Own words and own reading: nothing of the product is imported here.

/** One thing a simulated device really said. */
export interface Stimulus {
  readonly sid: string;
  readonly device: string;
  readonly family: string;
  readonly sequence: number;
  readonly atMs: number;
  readonly what: string;
  readonly address: Readonly<Record<string, unknown>>;
  readonly value?: number;
  readonly expect: 'must' | 'may' | 'mustNot';
  readonly acknowledgedMs: number | null;
  readonly deviceTime?: string;
  readonly counter?: number;
}

/** One row of the ledger, as SQLite holds it. */
export interface LedgerRow {
  readonly position: number;
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: string;
  readonly number: number;
  /** The order in which the gateway heard it. */
  readonly ordinal: number;
  readonly committedMs: number;
  readonly eventId: string;
  readonly frame: Uint8Array;
  readonly event: LedgerEvent;
}

/** The parts of a ledger event that the checker looks at. */
export interface LedgerEvent {
  readonly kind: string;
  readonly edge: string;
  readonly source: string;
  readonly address?: Readonly<Record<string, unknown>>;
  readonly packetHex?: string;
  readonly receivedMs?: number;
  readonly measured?: { readonly quantity?: string; readonly value: number | null; readonly quality?: string };
  readonly test?: readonly string[];
}

/** One request to the municipal platform. */
export interface Request {
  readonly atMs: number;
  readonly id: string | null;
  readonly body: string;
  readonly answer: number | null;
  readonly mode: string;
}

/** A time in which the drill broke something on purpose. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Everything one run left behind. */
export interface Run {
  readonly stimuli: readonly Stimulus[];
  readonly rows: readonly LedgerRow[];
  /** Numbers of rows the collector put aside, as `gateway/epoch/lane/number`. */
  readonly quarantined: readonly string[];
  readonly requests: readonly Request[];
  readonly outages: readonly Outage[];
}

function linesOf<T>(path: string): T[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as T];
      } catch {
        return []; // the torn last line of a process that was killed
      }
    });
}

/** Truth logs of all devices; the last line of a sid completes the first, whose time stands. */
export function readTruth(paths: readonly string[]): Stimulus[] {
  const bySid = new Map<string, Stimulus>();
  for (const line of paths.flatMap((path) => linesOf<Stimulus>(path))) {
    const first = bySid.get(line.sid);
    bySid.set(line.sid, first ? { ...line, atMs: first.atMs } : line);
  }
  return [...bySid.values()];
}

export function readRequests(path: string): Request[] {
  return linesOf<Request>(path);
}

/** The proxy's log of changes as times without a link; an outage that never ends lasts for ever. */
export function readOutages(path: string): Outage[] {
  const outages: Outage[] = [];
  let fromMs: number | null = null;
  for (const { atMs, mode } of linesOf<{ atMs: number; mode?: string }>(path)) {
    if (mode === undefined) continue;
    if (mode !== 'pass') fromMs ??= atMs;
    else if (fromMs !== null) {
      outages.push({ fromMs, toMs: atMs });
      fromMs = null;
    }
  }
  return fromMs === null ? outages : [...outages, { fromMs, toMs: Number.POSITIVE_INFINITY }];
}

type Raw = Record<string, unknown> & { event: string };

/** Rows and quarantine of a ledger file, read without writing a byte to it. */
export function readLedger(path: string): Pick<Run, 'rows' | 'quarantined'> {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const rows = database
      .prepare(
        `SELECT position, gateway, epoch, lane, number, ordinal, committed_ms AS committedMs, event_id AS eventId, frame, event
         FROM ledger ORDER BY position`,
      )
      .all() as Raw[];
    const aside = database.prepare('SELECT gateway, epoch, lane, number FROM quarantine').all() as Array<Record<string, unknown>>;
    return {
      rows: rows.map((row) => ({ ...row, event: JSON.parse(row.event) as LedgerEvent }) as unknown as LedgerRow),
      quarantined: aside.map(({ gateway, epoch, lane, number }) => `${gateway}/${epoch}/${lane}/${number}`),
    };
  } finally {
    database.close();
  }
}
