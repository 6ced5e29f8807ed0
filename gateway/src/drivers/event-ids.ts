import { createHash } from 'node:crypto';
import { EXCHANGE_LIFETIME_MS } from './exchanges.ts';

export type EventIds = (ordinal: number, about: string) => string;

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Ids of the events of something that has an identity for good: every copy of it, in any run, makes the same ones. */
export function idsFor(identity: string): EventIds {
  return (_, about) => digest([identity, about]);
}

/**
 * Ids of the events of a message that only its number tells from others, and that only for the lifetime of an exchange (RFC 7252
 * §4.8.2): the span of time they were heard in is part of them. A copy that comes in the next span takes the ids of the span
 * before, where a run before this one wrote those so lately that it is a copy.
 */
export function idsOfExchange(exchange: string, nowMs: number, wroteSince: (eventId: string, wallMs: number) => boolean): EventIds {
  const span = Math.floor(nowMs / EXCHANGE_LIFETIME_MS);
  return (_, about) => {
    const [now, before] = [span, span - 1].map((which) => digest([exchange, which, about])) as [string, string];
    return wroteSince(before, nowMs - EXCHANGE_LIFETIME_MS) ? before : now;
  };
}
