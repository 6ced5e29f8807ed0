// What every law draws from (a setup file of vitest.config.ts): the same in every `npm test`, so that a law fails for whoever broke it
// and for nobody else; `npm run fuzz -- laws` draws anew, and longer.
import { env } from 'node:process';
import fc from 'fast-check';
import { LAW_RUNS, LAW_SEED } from './law-input.ts';

fc.configureGlobal({ seed: Number(env[LAW_SEED] ?? 1), numRuns: Number(env[LAW_RUNS] ?? 100) });
