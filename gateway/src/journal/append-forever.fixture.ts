// A process that appends until it is killed and prints one line `lane epoch number id` for every row it was promised.
import { writeSync } from 'node:fs';
import { eventOf, open } from './journal.fixture.ts';

const journal = await open(process.argv[2]!);
for (let turn = 0; ; turn++) {
  const events = [eventOf('fire', turn), eventOf('fault', turn), eventOf('supervisory', turn)].slice(0, 1 + (turn % 3));
  for (const row of await journal.append(events)) writeSync(1, `${row.lane} ${row.epoch} ${row.number} ${row.eventId}\n`);
}
