import { expect, test } from 'vitest';
import { experiment as eio } from './eio.ts';
import { type Experiment, perform } from './experiment.ts';
import { experiment as freeze } from './freeze.ts';
import { experiment as hang } from './hang.ts';
import { experiment as stop } from './stop.ts';
import { experiment as sweep } from './sweep.ts';
import { experiment as thrown } from './throw.ts';

// What hangs and stops is heard by a service manager of ours, in perl.
// The short forms, one after the other. The long ones: `npm run drill -- <name> <seed>`.
test.each<readonly [string, Experiment]>([
  ['a sync of the alarm lane that fails lets no alarm be acknowledged early, is told, and loses nothing', eio],
  ['a part that hangs starves the watchdog; the gateway is back and says how long it was blind', hang],
  ['an error of the program ends what it must and nothing else; SIGTERM twice under load stops in order', thrown],
  ['told to stop, twice, while a part hangs, it ends in time: in order without that part, or cut off and said', stop],
  ['calls of the disk that fail under a whole gateway lose nothing it has numbered', sweep],
  ['who stands still and goes on loses and doubles nothing, and one connection takes over', freeze],
])('%s', { timeout: 600_000 }, async (_story, experiment) => {
  const { complaints } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
});
