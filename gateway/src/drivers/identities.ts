import type { Clock, Identity } from '@fengsui/protocol';

const DAY_MS = 86_400_000;
/** A clock further from ours than this was never set, or stands still: it tells no saying from another. */
const BELIEVED = { pastMs: 7 * DAY_MS, futureMs: 3_600_000 } as const;
/** Sayings of one device that are known again: a panel that says everything again says some hundreds. */
const KNOWN_MAX = 4_096;

/** Knows the sayings of a device again by its own count and clock, however late the copy comes. */
export class Identities {
  /** By key: whether what it said may still stand. After a reset the same words are a new saying. */
  readonly #said = new Map<string, 'stands' | 'reset'>();

  /** The key of a saying whose clock is believed; null: nothing tells it from others. */
  keyOf(identity: Identity | null | undefined, clock: Clock, zoneMinutes: number): string | null {
    if (!identity) return null;
    const ms = Date.parse(`${identity.deviceTime}Z`) - zoneMinutes * 60_000;
    const nowMs = clock.wallMs();
    return ms >= nowMs - BELIEVED.pastMs && ms <= nowMs + BELIEVED.futureMs ? identity.key : null;
  }

  isCopy(key: string | null): boolean {
    return key !== null && this.#said.get(key) === 'stands';
  }

  /** Whether it was never said before, so that its events may have ids of their own for good. */
  isNew(key: string): boolean {
    return !this.#said.has(key);
  }

  remember(key: string): void {
    this.#said.delete(key);
    if (this.#said.size >= KNOWN_MAX) this.#said.delete(this.#said.keys().next().value!);
    this.#said.set(key, 'stands');
  }

  /** The panel was reset: nothing that was said before stands. */
  reset(): void {
    for (const key of this.#said.keys()) this.#said.set(key, 'reset');
  }
}
