import { expect, test } from 'vitest';
import { perform } from '../itself/experiment.ts';
import { experiment } from './narrow.ts';

test('over a link that loses, is far or is narrow nothing is lost, doubled or out of order, and an alarm stands behind no backlog', async () => {
  const { complaints, measured } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
  expect(Object.keys(measured).filter((name) => !name.startsWith('yardstick'))).toHaveLength(9);
}, 900_000);
