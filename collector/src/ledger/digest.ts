import { hash } from 'node:crypto';

/** What an entry says, as its row holds it. */
export interface Content {
  readonly gateway: string;
  readonly epoch: number;
  readonly lane: string;
  readonly number: number;
  readonly ordinal: number;
  readonly boot: number;
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly clockSynchronised: number;
  readonly profile: string;
  readonly frame: Uint8Array;
  readonly event: string;
}

/** SHA-256 over everything that matters of a row: a flipped byte of a payload passes every check that SQLite makes. */
export function digestOf(row: Content): Buffer {
  const said = [row.gateway, row.epoch, row.lane, row.number, row.ordinal, row.boot, row.monotonicMs, row.wallMs];
  const rest = [row.clockSynchronised, row.profile, row.event];
  return hash('sha256', Buffer.concat([Buffer.from(JSON.stringify([...said, ...rest])), row.frame]), 'buffer');
}

/** SHA-256 of bytes in quarantine: the same bytes again only count. */
export function digestOfBytes(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** JSON with the keys of every object in order: one value, one text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
