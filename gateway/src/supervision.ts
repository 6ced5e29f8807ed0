import type { Clock, SiteEvent } from '@fengsui/protocol';
import type { Held } from './held.ts';
import type { Heard } from './line.ts';
import type { LineNumbers } from './line-numbers.ts';
import type { Refused } from './refused.ts';

/** An open wire with a driver on it. */
export interface Running extends AsyncDisposable {
  /** Where it is: a path or an address. */
  readonly at: string;
  readonly counters: { readonly bytesIn: number; readonly bytesOut: number };
  readonly heard: AsyncGenerator<readonly Heard[], void, undefined>;
  /** Datagrams for it that were lost on this machine since it was opened; absent where none can be. */
  readonly dropped?: () => Promise<number>;
  /** What is not as it should be though it works; absent: nothing. */
  readonly doubt?: string;
}

/** One line of the site: a wire, its devices, and what of them outlives a lost wire. */
export interface Line {
  readonly name: string;
  /** Its devices say a thing once, whatever we answer: what the journal refuses is offered again here, since nobody repeats it. */
  readonly saidOnce?: boolean;
  /** What was refused comes from nobody again, as it was: its devices say it once, or are polled. */
  readonly nobodyRepeats?: boolean;
  /** Its wire is worth opening anew when all its devices are lost: one that was opened towards them, not a door they come to. */
  readonly opensAnew?: boolean;
  /** What its driver may take beyond a device's silence to say that it is lost (ms). */
  readonly slowestLossMs?: number;
  /** Opens the wire and puts a driver on it. Throws a Failure. */
  readonly open: (signal: AbortSignal) => Promise<Running>;
  /** Which devices have fallen silent; asked while the wire is down, too. */
  readonly links: {
    overdue(): readonly Heard[];
    dueAtMs(): number;
    /** Every device is known as lost. */
    areLost(): boolean;
    settle(heard: readonly Heard[]): void;
  };
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SupervisionOptions {
  readonly line: Line;
  readonly numbers: LineNumbers;
  readonly clock: Clock;
  /** Numbers from 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** Turns words into events; what it remembers of them is settled, or taken back, with the commit. */
  readonly normalizer: {
    normalize(heard: Heard): readonly SiteEvent[];
    settle(heard: readonly Heard[]): void;
    revert(heard: readonly Heard[]): void;
  };
  /** Resolves when the events are durable. `again`: some of them were offered before and may be durable. */
  readonly append: (events: readonly SiteEvent[], again: boolean) => Promise<unknown>;
  /** Says that datagrams for this line were dropped on this machine. */
  readonly tellDropped: (text: string) => Promise<unknown>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What a line is kept running with, and what of it the journal refused. */
export type Supervision = SupervisionOptions & { readonly refused: Refused; readonly held: Held };
