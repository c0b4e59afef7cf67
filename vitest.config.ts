import { defineConfig } from 'vitest/config';

// unit: beside the code, no processes, no sleeping. integration: real processes of this package's own, and
// real clients of other projects (test/clients, a package of its own).
// e2e: whole systems of Node alone. servers: whole systems with servers and a browser from Debian.
// All but unit need `npm run build` first.
// Whole systems share the machine with whatever else runs on it. In CI a case that fails gets one more try, which the
// report counts; a real fault fails both.
const retry = process.env.CI ? 1 : 0;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,sim,bench,dashboard}/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          retry,
          include: ['{src,test}/**/*.integration.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          retry,
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.servers.test.ts', '**/*.integration.test.ts', '**/node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'servers',
          retry,
          include: ['test/**/*.servers.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
