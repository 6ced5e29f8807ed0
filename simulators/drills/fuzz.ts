import { argv } from 'node:process';
import { fuzzFrames } from './fuzz/frames.ts';
import { fuzzLaws } from './fuzz/laws.ts';

/** `npm run fuzz -- [streams] [seed]`: hostile streams; `npm run fuzz -- laws [rounds] [seed]`: every law over new random input. */
const args = argv.slice(2);
process.exitCode = args[0] === 'laws' ? await fuzzLaws(args.slice(1)) : fuzzFrames(args);
