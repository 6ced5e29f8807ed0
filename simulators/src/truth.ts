import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Observation, What } from '@fengsui/protocol';
import { failure } from './failures.ts';

/**
 * Whether the stimulus must be in the ledger: `must` (acknowledged, or read by a protocol without acknowledgement),
 * `may` (sent, but nobody confirmed it or nobody listened), `mustNot` (noise, broken or forged packets).
 */
export type Expect = 'must' | 'may' | 'mustNot';

/** What a simulated device really said: one line of JSON, on disk before the bytes go out. A later line with the same sid completes it. */
export interface TruthLine {
  /** Unique over the run: `<device>-<sequence>`. */
  readonly sid: string;
  readonly device: string;
  readonly family: string;
  /** From 1, in the order in which the device said things. */
  readonly sequence: number;
  /** Milliseconds since 1970-01-01 UTC, just before the first byte. */
  readonly atMs: number;
  readonly what: What | 'noise' | 'unplugged';
  readonly address: Observation['address'] & { readonly register?: string; readonly unit?: number };
  readonly value?: number;
  readonly expect: Expect;
  /** When the device got the host's acknowledgement; null where there is none. */
  readonly acknowledgedMs: number | null;
  /** The device's own clock as the packet carries it. */
  readonly deviceTime?: string;
  /** The device's own counter as the packet carries it. */
  readonly counter?: number;
}
export type Stimulated = Omit<TruthLine, 'sid' | 'device' | 'family' | 'sequence' | 'acknowledgedMs'>;

/** The truth of one device. Kept apart from everything the product touches. */
export class TruthLog {
  readonly #file: number | null;
  readonly #device: string;
  readonly #family: string;
  #sequence: number;

  /** Goes on behind the last line when the file exists: a restarted device never reuses a sid. */
  constructor(path: string | null, device: string, family: string) {
    this.#device = device;
    this.#family = family;
    try {
      const earlier = path && existsSync(path) ? readFileSync(path, 'utf8') : '';
      this.#sequence = lastSequence(earlier, device);
      this.#file = path ? openSync(path, 'a', 0o644) : null;
      if (this.#file !== null && earlier !== '' && !earlier.endsWith('\n')) writeSync(this.#file, '\n');
    } catch (error) {
      throw failure('SIM_FILE_UNUSABLE', `truth log ${path}`, error);
    }
  }

  /** Durable when it returns. */
  write(stimulated: Stimulated): TruthLine {
    const sequence = ++this.#sequence;
    const line: TruthLine = {
      sid: `${this.#device}-${sequence}`,
      device: this.#device,
      family: this.#family,
      sequence,
      ...stimulated,
      acknowledgedMs: null,
    };
    this.#append(line);
    return line;
  }

  /** Says more about a line already written: the acknowledgement came, or what was doubtful became certain. */
  complete(line: TruthLine, more: Partial<Pick<TruthLine, 'acknowledgedMs' | 'expect'>>): TruthLine {
    const completed = { ...line, ...more };
    this.#append(completed);
    return completed;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }

  #append(line: TruthLine): void {
    if (this.#file === null) return;
    try {
      writeSync(this.#file, `${JSON.stringify(line)}\n`);
      fdatasyncSync(this.#file);
    } catch (error) {
      throw failure('SIM_FILE_UNUSABLE', 'the truth log cannot be written', error);
    }
  }
}

function lastSequence(text: string, device: string): number {
  const sequences = text.split('\n').map((line) => {
    try {
      const read = JSON.parse(line) as Partial<TruthLine>;
      return read.device === device ? (read.sequence ?? 0) : 0;
    } catch {
      return 0; // the torn last line of a killed simulator: its bytes never went out
    }
  });
  return Math.max(0, ...sequences);
}
