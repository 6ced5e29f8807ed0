import { randomUUID } from 'node:crypto';
import type { Clock, SiteEvent } from '@fengsui/protocol';

/** What was said of a gateway and not taken back. */
export interface Said {
  readonly words: string;
  /** Since when it is so, milliseconds since 1970-01-01 UTC. */
  readonly sinceMs: number;
}

/** One kind of trouble with gateways that the collector itself tells. */
export interface Matter {
  /** Learns what was said before and not taken back, by this run or an earlier one. */
  recall(): Promise<void>;
  /** What is to be said now, each once and not too much at once, so that nobody waits for it: the next look says the rest. Who calls it brings it to the ledger or calls `recall`. */
  look(): readonly SiteEvent[];
}

export interface MatterNeeds {
  readonly clock: Clock;
  readonly zoneMinutes: number;
  /** Gateways of which it was said and not taken back, by this run or one before. */
  readonly said: () => Promise<ReadonlyMap<string, Said>>;
}

type More = Pick<SiteEvent, 'kind' | 'edge' | 'source'> & Pick<Partial<SiteEvent>, 'note' | 'text'> & { readonly ms?: number };

/** An event of a gateway as a whole; `ms` is when it began where that is earlier than now. */
export function eventOfGateway({ clock, zoneMinutes }: Pick<MatterNeeds, 'clock' | 'zoneMinutes'>, { ms, ...more }: More): SiteEvent {
  const nowMs = Math.round(clock.wallMs());
  return {
    id: randomUUID().replaceAll('-', ''),
    time: { ms: ms ?? nowMs, zoneMinutes, source: 'gateway' },
    receivedMs: nowMs,
    part: { systemType: 0, systemAddress: 0 },
    ...more,
  };
}
