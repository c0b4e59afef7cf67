import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// unit: beside the code, no processes, no sleeping. integration: real processes of this package's own, and
// real clients of other projects (test/clients, a package of its own).
// e2e: whole systems of Node alone. servers: whole systems with servers and a browser from Debian.
// All but unit need `npm run build` first.
// Whole systems share the machine with whatever else runs on it. In CI a case that fails gets one more try, which the
// report counts; a real fault fails both.
const retry = process.env.CI ? 1 : 0;
// How long to wait for what is to happen: long enough for a machine that has much else to do. It costs nothing where
// it happens, and where it does not the test fails all the same.
const expect = { poll: { timeout: 30_000, interval: 20 } };

// Vitest leaves one core to itself, which on a machine of two means one file after the other. What is pure needs no such
// care, and what waits for real processes is mostly idle.
// Projects with workers of their own number run one after the other (`groupOrder`).
const maxWorkers = Math.max(2, availableParallelism() - 1);

const setupFiles = ['test/support/seed.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          maxWorkers,
          sequence: { groupOrder: 0 },
          include: ['{src,sim,bench,dashboard}/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts'],
          setupFiles,
          // All of them work on the processor alone, and a machine may be ten times as slow as ours.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          maxWorkers,
          sequence: { groupOrder: 1 },
          retry,
          expect,
          setupFiles,
          include: ['{src,test}/**/*.integration.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          retry,
          expect,
          setupFiles,
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.servers.test.ts', '**/*.integration.test.ts', '**/node_modules/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'servers',
          sequence: { groupOrder: 3 },
          retry,
          expect,
          setupFiles,
          include: ['test/**/*.servers.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
