// A process that has the journal open until a line comes in, closes it, opens and closes it anew, says so, and ends.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { stdin } from 'node:process';
import { open } from './journal.fixture.ts';

const directory = process.argv[2]!;
const journal = await open(directory);
await once(stdin, 'data');
await journal.close();
await (await open(directory)).close();
writeSync(2, 'closed twice\n');
process.exit(0);
