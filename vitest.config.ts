import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{protocol,gateway,collector}/src/**/*.test.ts', 'simulators/{src,drills}/**/*.test.ts'],
    setupFiles: ['simulators/drills/house/laws.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores, and the drills start whole systems: more workers only make them wait for each other.
    maxWorkers: 2,
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
