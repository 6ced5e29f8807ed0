import { stderr, stdout } from 'node:process';
import { toHex } from '@fengsui/protocol';
import { seeded } from '../../src/random.ts';
import { complaint } from './reading.ts';
import { makeStream } from './streams.ts';

/**
 * `[streams] [seed]`: random, truncated, glued, doubled and bit-flipped streams with lying lengths. Nothing throws,
 * nothing is invented, every byte comes out once, every good frame is found, what is held stays below one frame.
 * The seed of a failing stream is printed: the same seed plays it again. Gives the exit code.
 */
export function fuzzFrames(args: readonly string[]): number {
  const [streams, firstSeed] = [Number(args[0] ?? 1_000_000), Number(args[1] ?? 1)];
  if (!Number.isSafeInteger(streams) || !Number.isSafeInteger(firstSeed) || streams < 1) {
    stderr.write('usage: npm run fuzz -- [streams] [first seed], both whole numbers; or npm run fuzz -- laws [rounds] [first seed]\n');
    return 2;
  }
  let frames = 0;
  const started = performance.now();
  for (let seed = firstSeed; seed < firstSeed + streams; seed++) {
    const stream = makeStream(seeded(seed));
    frames += stream.good.length;
    const wrong = complaint(stream);
    if (wrong) {
      stderr.write(`seed ${seed}: ${wrong}\nstream ${toHex(stream.bytes)}\nplay it again: npm run fuzz -- 1 ${seed}\n`);
      return 1;
    }
    const done = seed - firstSeed + 1;
    if (done % 50_000 === 0) stderr.write(`  ${done} streams, ${Math.round((performance.now() - started) / 1000)} s\n`);
  }
  stdout.write(`fuzz: ${streams} streams from seed ${firstSeed}, ${frames} good frames all found; nothing thrown, lost or invented\n`);
  return 0;
}
