import { stdout } from 'node:process';
import { CALLS } from './faults.ts';
import { sweep } from './sweep.ts';

/** A new file works within so long whatever happened to the old one. */
const OPEN_WITHIN_MS = 5_000;

/** `npm run drill -- journal-sweep [points]`: the story disturbed at every single call of the disk, or at so many of them. */
export async function run([points]: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const say = (at: number, of: number) => {
    if (at % 100 === 0) stdout.write(`  ${at} of ${of}, ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
  };
  const swept = await sweep(Number(points ?? Number.POSITIVE_INFINITY), { say, openWithinMs: OPEN_WITHIN_MS });
  const { calls, points: done, complaints } = swept;
  for (const complaint of complaints) stdout.write(`  ${complaint}\n`);
  stdout.write(`calls of the story: ${CALLS.map((call) => `${calls[call]} ${call}`).join(', ')}\n`);
  stdout.write(`${done} faults, ${complaints.length} complaints\n`);
  return complaints.length === 0 ? 0 : 1;
}
