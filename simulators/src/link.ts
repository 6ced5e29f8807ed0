import type { Random } from './random.ts';

/**
 * How the link behaves. `cut` breaks what is open and refuses what is new; `half-open` keeps connections and lets nothing
 * through; `answers-lost` and `requests-lost` do so in one direction. What TCP held back arrives when the link passes again,
 * as after a real partition; a `cut` in between makes it vanish. Datagrams vanish at once.
 */
export const LINK_MODES = ['pass', 'cut', 'half-open', 'answers-lost', 'requests-lost'] as const;
export type LinkMode = (typeof LINK_MODES)[number];

export interface LinkQuality {
  /** One way, on top of what the machine takes. */
  readonly delayMs: number;
  /** Up to so much more, by chance. */
  readonly jitterMs: number;
  /** Share of datagrams that vanish. TCP sends them again by itself: there everything behind one waits until it has come through. */
  readonly loss: number;
  /** Share of datagrams that come twice. */
  readonly duplicate: number;
  /** Bytes a second, each way of a connection; null: no limit. */
  readonly bytesPerSecond: number | null;
}
export const GOOD_LINK: LinkQuality = { delayMs: 0, jitterMs: 0, loss: 0, duplicate: 0, bytesPerSecond: null };

export interface LinkOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly to: { readonly host: string; readonly port: number };
  readonly random: Random;
  readonly quality?: LinkQuality;
}

/** A link between two programs that a drill can cut, delay or starve. */
export interface Link extends AsyncDisposable {
  start(): Promise<{ readonly host: string; readonly port: number }>;
  setMode(mode: LinkMode): void;
  setQuality(quality: Partial<LinkQuality>): void;
}

/** Whether a mode lets bytes of one direction through. */
export function passes(mode: LinkMode, towardsServer: boolean): boolean {
  if (mode === 'pass') return true;
  return towardsServer ? mode === 'answers-lost' : mode === 'requests-lost';
}
