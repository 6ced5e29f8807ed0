// A process that has the journal open until a line comes in, closes it, opens and closes it anew, says so, and ends.
import { once } from 'node:events';
import { stdin } from 'node:process';
import { open } from './journal.fixture.ts';

const directory = process.argv[2]!;
const journal = await open(directory);
await once(stdin, 'data');
await journal.close();
await (await open(directory)).close();
process._rawDebug('closed twice');
process.exit(0);
