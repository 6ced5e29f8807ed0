import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import LongestFirst from './simulators/drills/house/longest-first.ts';

export default defineConfig({
  test: {
    include: ['{protocol,gateway,collector}/src/**/*.test.ts', 'simulators/{src,drills}/**/*.test.ts'],
    // Every process that a test starts finds our sources as they were compiled last: a third of its start.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url)) },
    setupFiles: ['simulators/drills/house/laws.ts'],
    // Deadlines find what never comes; a slow machine must not look like one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    // Two cores, and the drills start whole systems: more workers only make them wait for each other.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: ['protocol/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.generated.*'],
      reporter: [['text', { skipFull: true }]],
      // The protocol is what everything else stands on: every line of it runs under a test (`npm test`, which measures it).
      thresholds: { lines: 100 },
    },
  },
});
