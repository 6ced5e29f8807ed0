import type { Clock } from '@fengsui/protocol';
import { fail } from './failures.ts';
import type { CountedLine } from './hearing.ts';
import type { Journal } from './journal/journal.ts';
import { withoutPulse } from './pulse.ts';
import type { Uplinks } from './uplinks.ts';

export interface RoundTripped {
  readonly lines: readonly CountedLine[];
  readonly clock: Clock;
  readonly uplinks: Pick<Uplinks, 'stuck'>;
  readonly journal: Pick<Journal, 'alive'>;
}

/** Goes once through every line, the journal's thread and its disk, and reads back: what an alarm needs to become durable. Rejects with what hangs. */
export async function roundTrip({ lines, clock, uplinks, journal }: RoundTripped): Promise<void> {
  const state = await journal.alive();
  const dead = withoutPulse(lines, clock); // last: what is fed after it is fed at once
  if (dead.length > 0) throw fail('line-hung', dead.join(', '));
  const stuck = uplinks.stuck(state);
  if (stuck.length > 0) throw fail('uplink-stuck', stuck.join(', '));
}
