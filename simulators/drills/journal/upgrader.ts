// A process that opens a journal, says so, and closes it. `node upgrader.ts <directory>`
import { writeSync } from 'node:fs';
import { openJournal } from '@fengsui/gateway/src/journal/journal.ts';
import { OPENING } from './aftermath.ts';

const journal = await openJournal({ ...OPENING, directory: process.argv[2]! });
await journal.close();
writeSync(1, 'done\n');
