import type { SiteEvent } from '../event.ts';
import type { Words } from '../words.ts';

/** An event as an application data unit that any reader of the standard understands, or why the standard has no word for it. */
export type PlainWritten = { readonly unit: Uint8Array } | { readonly unsayable: string };

/**
 * How events are told to a centre that knows the standard's own unit types and nothing of ours. Lossy by nature: what the standard
 * cannot say is left out, what it has no word for at all is said to be so. Never read back as an event.
 */
export interface PlainProfile {
  readonly name: string;
  readonly title: Words;
  /** What does not reach the centre. */
  readonly losses: readonly Words[];
  readonly write: (event: SiteEvent) => PlainWritten;
}
