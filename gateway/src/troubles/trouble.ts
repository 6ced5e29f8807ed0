import type { Battery, GatewayNote } from '@fengsui/protocol';

/** What can stand against the gateway or a part of it: a note of its own, or its power, in the words of the field. */
export type What =
  | Extract<
      GatewayNote,
      | 'queue-high'
      | 'disk-full'
      | 'retention-short'
      | 'driver-failed'
      | 'noise'
      | 'wire-down'
      | 'wire-silent'
      | 'receive-buffer-small'
      | 'identity-shared'
      | 'row-unanswered'
      | 'memory-high'
      | 'descriptors-high'
      | 'loop-slow'
      | 'clock-unsynchronised'
      | 'certificate-ending'
      | 'key-exposed'
      | 'power-unreadable'
      | 'file-unusable'
    >
  | 'main-power'
  | 'backup-power';

export interface Trouble {
  readonly what: What;
  /** Name of the line it is about, or the gateway's own; with `what` it is one thing that begins and ends. */
  readonly source: string;
  /** What, where and how to mend it. */
  readonly text: string;
  /** Rises as it gets worse: a higher one is told anew. */
  readonly level?: number;
  readonly battery?: Battery;
}

/** How bad a trouble was said to be, and not to be over, by this run or an earlier one; null: it was not. */
export type LevelSaid = (what: What, source: string) => number | null;

/** Somebody who looks after one side of the gateway. */
export interface Watcher {
  /** Everything it may find: what of these it does not find is over. */
  readonly judges: readonly What[];
  /** What stands now; null: it cannot be judged now, and whatever was said stays said. Never throws for what it looks at. */
  look(levelSaid: LevelSaid): Promise<readonly Trouble[] | null> | readonly Trouble[] | null;
  /**
   * Whether this run has had the chance to see such a trouble; asked right after a look that did not find it, of what an earlier run said
   * and this one never found. Until then it stands on. What can never be seen any more, such as one of a line that was taken out of the configuration, it has seen.
   * Absent: each look sees everything it judges.
   */
  hasSeen?(what: What, source: string): boolean;
  /**
   * Of what it was proved by this run that it does not stand. Where nothing is remembered (another box under this name, a lost file), the end
   * is said once all the same: those who heard an earlier beginning could hear of it from nobody else. Absent: of nothing.
   */
  proved?(): ReadonlyArray<Pick<Trouble, 'what' | 'source'>>;
}
