// Loaded before a program (--import), into each of its threads: from files that were moved aside the disk gives nothing, as long as nobody
// writes into the pipe that STUCK_SECTOR names. A read that the system does not answer, in a thread of the runtime's own.
import { writeSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { open } = promises;
promises.open = async (path, ...how) => {
  const handle = await open(path, ...how);
  if (String(path).includes('.damaged-'))
    handle.read = (async () => {
      writeSync(2, 'a sector is read\n'); // at once, also from a thread
      await open(process.env['STUCK_SECTOR']!, 'r');
    }) as never;
  return handle;
};
syncBuiltinESMExports();
