import type { JournalState } from './messages.ts';

/** What was found wrong with the files of a journal and what became of it, since the worker started. */
export class Findings {
  /** Files that were moved aside, oldest first. */
  readonly damagedFiles: string[] = [];
  /** In words, for people. */
  readonly words: string[] = [];
  scrubbed: JournalState['scrubbed'] = null;
  #diskFailures = 0;
  #lastDiskFailure: string | null = null;

  /** Trouble that is not of a file is said once. */
  remark(words: string): void {
    if (!this.words.includes(words)) this.words.push(words);
  }

  diskFailed(words: string): void {
    this.#diskFailures += 1;
    this.#lastDiskFailure = words;
  }

  state(): Pick<JournalState, 'damagedFiles' | 'findings' | 'scrubbed' | 'diskFailures' | 'lastDiskFailure'> {
    return {
      damagedFiles: [...this.damagedFiles],
      findings: [...this.words],
      scrubbed: this.scrubbed,
      diskFailures: this.#diskFailures,
      lastDiskFailure: this.#lastDiskFailure,
    };
  }
}
