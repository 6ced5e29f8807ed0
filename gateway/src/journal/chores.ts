import { LANES, type Lane } from '@fengsui/protocol';
import * as limits from '../limits.ts';
import type { Cures } from './cures.ts';
import type { LaneFiles } from './lane-files.ts';
import type { Moment, Older, Outranking } from './messages.ts';
import { Nightly } from './nightly.ts';
import { Renewal } from './renewal.ts';
import { Retry } from './retry.ts';
import { forgetOldAsides, Salvage, unsalvaged } from './salvage.ts';

/** Something to be done on the side: `step` does a small piece of it and says whether there was any. */
interface Chore {
  readonly lane: Lane;
  readonly step: () => boolean;
}

/** Pages given back to the volume in one step, and how many must lie idle in a file before it is worth the writing. */
const PAGES_A_STEP = 64;
const IDLE_PAGES_MIN = 1_024;
const IDLE_SHARE_MIN = 0.25;

/** Rest after a chore failed: its cure, if there was one, has been tried. */
const AFTER_FAILURE_MS = 5_000;

/** What the journal does while nobody asks: small pieces with rests between them, so that no commit waits for more than one. */
export class Chores {
  readonly #files: LaneFiles;
  readonly #cures: Cures;
  readonly #chores: readonly Chore[];
  readonly #nightly: Nightly;
  readonly #renewal: Renewal;
  readonly #salvages: Record<Lane, Salvage | null> = { alarm: null, ordinary: null };
  /** Files moved aside that were known when the folder was last looked through. */
  #knownDamaged = -1;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** A salvage waits for the disk: it is asked again soon. */
  #isAwaited = false;

  constructor(files: LaneFiles, cures: Cures) {
    this.#files = files;
    this.#cures = cures;
    this.#nightly = new Nightly(files);
    this.#renewal = new Renewal(files, cures);
    const retry = new Retry(files);
    this.#chores = [
      ...LANES.map((lane) => ({ lane, step: () => this.#salvage(lane) })),
      { lane: 'alarm', step: () => this.#renewal.reconcile() },
      ...LANES.map((lane) => ({ lane, step: () => this.#renewal.step(files.file(lane)) })),
      { lane: 'ordinary', step: () => retry.step() },
      ...LANES.map((lane) => ({ lane, step: () => files.file(lane).release(Date.now()) })),
      ...LANES.map((lane) => ({ lane, step: () => files.relief(lane).step() })),
      ...LANES.map((lane) => ({ lane, step: () => this.#nightly.step(lane) })),
      ...LANES.map((lane) => ({ lane, step: () => this.#giveBack(lane) })),
    ];
  }

  /** What time it is, told now and then. */
  hear(moment: Moment): void {
    this.#nightly.hear(moment);
  }

  /** Heeds what receipts said of numbers, at once: until the new epoch begins, everything written gets a number that is taken. */
  heedReceipts(): void {
    for (const lane of LANES) {
      try {
        this.#renewal.step(this.#files.file(lane));
      } catch (error) {
        this.#cures.cure(lane, error);
      }
    }
    this.#renewal.reconcile();
  }

  /** Heeds what a collector says it holds; the first rows get their new numbers at once. Throws what the disk says, after its cures. */
  outrank(outranking: Outranking): Older | null {
    try {
      return this.#renewal.outrank(outranking);
    } finally {
      this.heedReceipts();
    }
  }

  /** Does one piece; answers how many milliseconds to rest after it. A lane whose file fails keeps nothing of the other's from being done. */
  tend(): number {
    const startedMs = performance.now();
    this.#isAwaited = false;
    const failed = new Set<Lane>();
    for (const { lane, step } of this.#chores) {
      try {
        if (failed.has(lane) || !step()) continue;
      } catch (error) {
        failed.add(lane);
        this.#cures.cure(lane, error);
        continue;
      }
      if (failed.size > 0) return AFTER_FAILURE_MS;
      return Math.max(limits.CHORE_REST_MIN_MS, (performance.now() - startedMs) * limits.CHORE_REST_FACTOR);
    }
    this.#lookAtSpace(startedMs);
    if (failed.size > 0) return AFTER_FAILURE_MS;
    return this.#isAwaited ? limits.CHORE_REST_MIN_MS : limits.CHORE_IDLE_MS;
  }

  #lookAtSpace(nowMs: number): void {
    if (nowMs - this.#lookedMs < limits.JOURNAL_SPACE_EVERY_MS) return;
    this.#lookedMs = nowMs;
    this.#cures.lookAtSpace();
  }

  /** Goes on with the file that was moved aside first. */
  #salvage(lane: Lane): boolean {
    this.#lookForDamaged();
    const salvage = this.#salvages[lane];
    if (!salvage) return false;
    const step = salvage.step(this.#files.file(lane));
    this.#isAwaited ||= step === 'waits';
    if (step !== 'done') return step === 'did';
    this.#files.findings.words.push(salvage.result());
    this.#salvages[lane] = null;
    forgetOldAsides(this.#files.start.directory);
    this.#knownDamaged = -1;
    return true;
  }

  #lookForDamaged(): void {
    if (this.#knownDamaged === this.#files.findings.damagedFiles.length) return;
    this.#knownDamaged = this.#files.findings.damagedFiles.length;
    for (const { lane, path } of unsalvaged(this.#files.start.directory)) this.#salvages[lane] ??= new Salvage(lane, path);
  }

  /** Empty pages are used again; only many of them are given back to the volume, and every one while it is full. */
  #giveBack(lane: Lane): boolean {
    const file = this.#files.file(lane);
    const { all, idle } = file.pages();
    const many = idle >= IDLE_PAGES_MIN && idle >= all * IDLE_SHARE_MIN;
    if (idle === 0 || !(many || this.#files.space.isFull)) return false;
    file.database.pragma(`incremental_vacuum(${PAGES_A_STEP})`);
    const left = file.pages().idle;
    if (left === 0) file.checkpoint();
    return left < idle;
  }
}
