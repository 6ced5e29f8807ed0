import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Every reading has ended by then on any machine; one that goes back and forth over a text has not in a thousand years. */
const ONE_WITHIN_MS = 30_000;
const RUNS = 24;

test('law: no text of a device or a cloud, however long, garbled or repeated, keeps the gateway reading it, or makes it throw', async () => {
  const { seed } = fc.readConfigureGlobal();
  const worker = new Worker(new URL('./hostile-text.fixture.ts', import.meta.url), { workerData: { seed, runs: RUNS } });
  let last = 'nothing';
  let count = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      const isStuck = () => reject(new Error(`still reading: ${last}`));
      let timer = setTimeout(isStuck, ONE_WITHIN_MS);
      worker.on('message', (said: string) => {
        clearTimeout(timer);
        if (said === 'done') return resolve();
        last = said;
        count += 1;
        timer = setTimeout(isStuck, ONE_WITHIN_MS);
      });
      worker.on('error', (error) => reject(new Error(`${last}: ${error.stack}`)));
    });
  } finally {
    await worker.terminate();
  }
  expect(count).toBeGreaterThan(50 * RUNS);
}, 240_000);
