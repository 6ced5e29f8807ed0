import { expect, test } from 'vitest';
import { perform } from '../itself/experiment.ts';
import { experiment } from './partition.ts';

test('over a way that breaks and comes back nothing is lost, doubled or out of order, and the alarms of the break come', async () => {
  const { complaints, measured } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
  expect(Object.keys(measured).filter((name) => !name.startsWith('yardstick'))).toHaveLength(6);
}, 300_000);
