import type { EventKind } from '@fengsui/protocol';

/** What may be given up one by one: the next says the same again. */
export const THINNABLE: ReadonlySet<string> = new Set<EventKind>(['reading', 'heartbeat']);
