import { stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What was tried, one line each. */
export class Steps {
  failed = 0;

  /** Does it and says how it went; what fails does not keep the next from being tried. */
  async step(sentence: string, work: () => Promise<void>): Promise<void> {
    const started = performance.now();
    try {
      await work();
      stdout.write(`  ✓ ${sentence} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
    } catch (error) {
      this.failed += 1;
      stdout.write(`  ✗ ${sentence}: ${(error as Error).message}\n`);
    }
  }
}

/** Throws, saying what is not so. */
export function hold(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what);
}

/** Waits until it is so; throws when it never is. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await sleep(200);
  }
}
