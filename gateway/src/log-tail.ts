import { LOG_LINE_CHARACTERS_MAX, LOG_LINES_KEPT } from './limits.ts';

/** Passes the lines of the log on and keeps the last of them. */
export class LogTail {
  readonly #next: { write(line: string): unknown };
  readonly #lines: string[] = [];

  constructor(next: { write(line: string): unknown }) {
    this.#next = next;
  }

  write(line: string): void {
    this.#next.write(line);
    const whole = line.trimEnd();
    // Never half a word: half a secret would not be known for one.
    this.#lines.push(whole.length <= LOG_LINE_CHARACTERS_MAX ? whole : whole.slice(0, LOG_LINE_CHARACTERS_MAX).replace(/\S*$/, '…'));
    if (this.#lines.length > LOG_LINES_KEPT) this.#lines.shift();
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
