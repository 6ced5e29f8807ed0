import { expect, it } from 'vitest';
import { INTAKE_GROUP_MAX, INTAKE_QUEUE_MAX } from '../limits.ts';
import { type Outcome, Pump } from './pump.ts';

const delivery = { found: { gateway: 'gw-1', lane: 'alarm', reason: 'none', bytes: new Uint8Array() } } as const;

it('ten times what may wait is refused beyond that and so not acknowledged, what was taken is kept, and then everything is taken again', async () => {
  const disk = Promise.withResolvers<void>();
  let kept = 0;
  const ledger = {
    append: async () => [],
    quarantine: async (found: readonly unknown[]) => {
      await disk.promise;
      kept += found.length;
    },
  };
  const failures: string[] = [];
  const pump = new Pump(ledger as ConstructorParameters<typeof Pump>[0], ({ code }) => failures.push(code));
  const outcomes: Outcome[] = [];
  const settle = (outcome: Outcome) => void outcomes.push(outcome);
  for (let turn = 0; turn < 10 * INTAKE_QUEUE_MAX; turn++) {
    pump.take(delivery, settle);
    if (turn % 1_000 === 0) await null;
    expect(pump.queued).toBeLessThanOrEqual(INTAKE_QUEUE_MAX);
  }
  const taken = 10 * INTAKE_QUEUE_MAX - failures.length;
  expect(new Set(failures)).toEqual(new Set(['intake-busy']));
  expect(taken).toBeLessThanOrEqual(INTAKE_QUEUE_MAX + INTAKE_GROUP_MAX);
  disk.resolve();
  await pump.idle();
  expect(kept).toBe(taken);
  expect(outcomes.filter((outcome) => 'receipt' in outcome)).toHaveLength(taken);
  pump.take(delivery, settle);
  await pump.idle();
  expect(outcomes.at(-1)).toHaveProperty('receipt');
});
