import { expect, test } from 'vitest';
import { experiment as outage } from '../journal/outage.ts';
import { experiment as clock } from './clock.ts';
import { experiment as drain } from './drain.ts';
import { type Experiment, perform } from './experiment.ts';
import { experiment as flood } from './flood.ts';
import { experiment as kill } from './kill.ts';
import { experiment as orders } from './orders.ts';
import { experiment as poison } from './poison.ts';

// The story of the clock needs /usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1.
// The short forms, one after the other. The long ones: `npm run drill -- <name> <seed>`.
test.each<readonly [string, Experiment]>([
  ['bad frames keep no good one from its confirmation', poison],
  ['a clock that starts in 1970 and jumps changes neither order nor connection', clock],
  ['alarms pass a backlog; nothing is lost', flood],
  ['killed at any moment, also with the link down and the log torn, a gateway loses nothing it acknowledged', kill],
  ['a backlog goes on where it stopped after a silent link and after a kill', drain],
  ['days without a link stay within the limit, and what they took is used again', outage],
  ['orders are carried out once, over a kill too; a pushed configuration leaves the journal alone', orders],
])('%s', { timeout: 600_000 }, async (_story, experiment) => {
  const { complaints } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
});
