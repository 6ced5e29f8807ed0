import type { Row } from '@fengsui/protocol';
import { isSound } from './checksum.ts';
import type { LaneParts } from './lane-parts.ts';
import type { Taken } from './messages.ts';
import type { KeptRow } from './row.ts';
import { ROW_STATES } from './schema.ts';
import { setAside } from './set-aside.ts';

/** Protobuf around one frame: seven tags and at most this many bytes of numbers and lengths. */
const ROW_OVERHEAD_BYTES = 64;

/** What an uplink asks for: what it is owed behind a position and up to another. */
export interface Wanted {
  readonly uplink: string;
  readonly after: number;
  readonly upTo: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Rows owed to an uplink between two positions, of one epoch and profile. A damaged row is set aside and never handed out. */
export function take(parts: LaneParts, { uplink, after, upTo, rowsMax, bytesMax }: Wanted): Taken {
  const { statements, owed, header, tally } = parts;
  for (let from = after; ; ) {
    const rows: KeptRow[] = [];
    let bytes = 0;
    let last = Math.min(tally.position, upTo);
    for (const row of statements.take.iterate({ slot: owed.slotOf(uplink), after: from, upTo }) as Iterable<KeptRow>) {
      const size = (row.frame?.length ?? 0) + ROW_OVERHEAD_BYTES; // none where the row is damaged
      const first = rows[0];
      const another = first && (first.epoch !== row.epoch || first.profile !== row.profile);
      if (rows.length > 0 && (another || rows.length >= rowsMax || bytes + size > bytesMax)) {
        last = rows.at(-1)!.position;
        break;
      }
      bytes += size;
      rows.push(row);
    }
    const groups = Map.groupBy(rows, isSound);
    const sound = groups.get(true) ?? [];
    for (const { position } of groups.get(false) ?? []) setAside(parts, { position, state: ROW_STATES.waiting });
    if (sound.length > 0 || rows.length === 0)
      return { epoch: sound[0]?.epoch ?? header.epoch, profile: sound[0]?.profile ?? '', rows: plain(sound), last };
    from = rows.at(-1)!.position;
  }
}

/** Frames stand side by side in one buffer: the way to the other thread would copy each by itself, and that costs more than reading it. */
function plain(rows: readonly KeptRow[]): Row[] {
  const bytes = new Uint8Array(rows.reduce((sum, { frame }) => sum + frame.length, 0));
  let at = 0;
  return rows.map((row) => {
    const frame = bytes.subarray(at, at + row.frame.length);
    frame.set(row.frame);
    at += frame.length;
    return {
      number: row.number,
      order: row.ordinal,
      frame,
      boot: row.boot,
      monotonicMs: row.monotonic_ms,
      wallMs: row.wall_ms,
      clockSynchronised: row.clock_synchronised === 1,
    };
  });
}
