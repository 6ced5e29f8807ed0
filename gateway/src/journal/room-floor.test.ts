import { rmSync } from 'node:fs';
import { EVENT_KINDS, type EventKind, PROFILES, type SiteEvent } from '@fengsui/protocol';
import { FRAME_BYTES_MAX } from '@fengsui/protocol/gb26875';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as limits from '../limits.ts';
import { eventOf, type FollowedJournal, open, temporaryFolder } from './journal.fixture.ts';

const KINDS = (Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => EVENT_KINDS[kind].lane === 'ordinary');
/** Stands for the 10,000 rows of each kind. */
const KEEP_ROWS = 100;
const FLOOR_BYTES = limits.JOURNAL_ORDINARY_MIB_MIN * 1024 ** 2;
const scaled = (bytes: number) => Math.floor((bytes * KEEP_ROWS) / limits.JOURNAL_KEEP_ROWS);

let journal: FollowedJournal;
let directory: string;
afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true, force: true });
});

const frameOf = (event: SiteEvent) =>
  PROFILES.get('db36-t1297-2020')!.write(event, { serial: 1, source: 1, destination: 1, sentMs: 0, zoneMinutes: 480 });

/** An event with so many bytes of the packet that said it. */
const saidBy = (kind: EventKind, packetBytes: number, address = 1): SiteEvent =>
  eventOf(kind, address, {
    ...{ source: 's'.repeat(64), place: '3号楼2层西侧走道', text: '烟感故障', address: { loop: 1, point: address } },
    packetHex: 'a5'.repeat(packetBytes),
    ...(kind === 'reading' ? { edge: 'momentary', measured: { quantity: 'pressure-kpa', value: address, quality: 'good' } } : {}),
  });

/** So long that a longer packet would no longer go into the frame, by kind. */
const PACKET_BYTES = new Map(
  KINDS.map((kind) => {
    const lengths = Array.from({ length: FRAME_BYTES_MAX }, (_, bytes) => frameOf(saidBy(kind, bytes, 300)).length);
    return [kind, lengths.indexOf(Math.max(...lengths))];
  }),
);
const longest = (kind: EventKind, address: number) => saidBy(kind, PACKET_BYTES.get(kind)!, address);

/** Everything that is always kept, as long as rows can be: settled rows of every kind, and rejected ones. */
async function fillWithKept(ordinaryBytesMax: number): Promise<number> {
  directory = temporaryFolder();
  journal = await open(directory, { sizes: { ordinaryBytesMax, keepRows: KEEP_ROWS } });
  for (const kind of [...KINDS, 'rejected'] as const) {
    const stored = await journal.append(
      Array.from({ length: KEEP_ROWS }, (_, index) => longest(kind === 'rejected' ? 'fault' : kind, index)),
    );
    const numbers = stored.map(({ number }) => number);
    const rejected = numbers.map((number) => ({ number, reason: 'a reason of the collector '.repeat(3) }));
    const verdict = kind === 'rejected' ? { accepted: [], rejected } : { accepted: numbers, rejected: [] };
    if (stored.length > 0) await journal.settle({ gateway: 'gw-1', epoch: stored[0]!.epoch, lane: 'ordinary', ...verdict });
  }
  return (await journal.state()).lanes.ordinary.usedBytes;
}

const newReading = () => journal.append([longest('reading', 1_000)]);

describe('the least room of the ordinary lane', () => {
  it('holds all that is always kept, were every frame the longest there is, and has room left', async () => {
    const usedBytes = await fillWithKept(1e9);
    for (const kind of KINDS) expect(frameOf(longest(kind, 300)).length).toBeGreaterThan(FRAME_BYTES_MAX * 0.98);
    expect(usedBytes).toBeLessThan(scaled(FLOOR_BYTES) * limits.JOURNAL_RELIEF_SHARE);
    expect(usedBytes).toBeGreaterThan(scaled(FLOOR_BYTES) * 0.75);
  });

  it('goes on taking new readings then, where less would not', async () => {
    await fillWithKept(scaled(FLOOR_BYTES));
    for (let turn = 0; turn < 20; turn++) expect(await newReading()).toHaveLength(1);
    expect((await journal.state()).lanes.ordinary.thinned).toBe(0);
    await journal.close();
    rmSync(directory, { recursive: true, force: true });
    await fillWithKept(scaled(20 * 1024 ** 2));
    await vi.waitFor(async () => expect(await newReading()).toEqual([]), { timeout: 60_000, interval: 20 });
  });
});
