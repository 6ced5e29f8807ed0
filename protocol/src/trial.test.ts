import { expect, test } from 'vitest';
import { isTrial, TRIAL_INSTANCE } from './trial.ts';

test('who only tries the way of a gateway says so by his name; a gateway, and who gives none, does not', () => {
  expect([`${TRIAL_INSTANCE}0f3a91`, '0f3a91', `x${TRIAL_INSTANCE}`, undefined].map(isTrial)).toEqual([true, false, false, false]);
});
