import { expect, test } from 'vitest';
import { experiment as clock } from './clock.ts';
import { type Experiment, perform } from './experiment.ts';
import { experiment as flood } from './flood.ts';
import { experiment as freeze } from './freeze.ts';
import { experiment as hang } from './hang.ts';
import { experiment as orders } from './orders.ts';
import { experiment as poison } from './poison.ts';
import { experiment as thrown } from './throw.ts';

// The short forms, one after the other. The long ones: `npm run drill -- <name> <seed>`.
test.each<readonly [string, Experiment]>([
  ['a part that hangs starves the watchdog; the gateway is back and says how long it was blind', hang],
  ['an error of the program ends what it must and nothing else; SIGTERM twice under load stops in order', thrown],
  ['who stands still and goes on loses and doubles nothing, and one connection takes over', freeze],
  ['bad frames keep no good one from its confirmation', poison],
  ['a clock that starts in 1970 and jumps changes neither order nor connection', clock],
  ['alarms pass a backlog; nothing is lost', flood],
  ['orders are carried out once, over a kill too; a pushed configuration leaves the journal alone', orders],
])('%s', { timeout: 240_000 }, async (_story, experiment) => {
  const { complaints } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
});
