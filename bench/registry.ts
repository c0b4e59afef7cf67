/** Every benchmark by its name; loaded only when it is run. Adding one is a folder and a line here. */
import type { Bench } from './contract.ts';

export const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  recovery: async () => (await import('./recovery/index.ts')).bench,
  traffic: async () => (await import('./traffic/index.ts')).bench,
  scale: async () => (await import('./scale/index.ts')).bench,
  store: async () => (await import('./store/index.ts')).bench,
  rca: async () => (await import('./rca/index.ts')).bench,
  recorded: async () => (await import('./recorded/index.ts')).bench,
  traces: async () => (await import('./traces/index.ts')).bench,
  drills: async () => (await import('./drills/index.ts')).bench,
  liveness: async () => (await import('./liveness/index.ts')).bench,
  logs: async () => (await import('./logs/index.ts')).bench,
  histories: async () => (await import('./histories/index.ts')).bench,
  checkers: async () => (await import('./checkers/index.ts')).bench,
  quiet: async () => (await import('./quiet/index.ts')).bench,
  catalogue: async () => (await import('./catalogue/index.ts')).bench,
  failover: async () => (await import('./failover/index.ts')).bench,
  start: async () => (await import('./start/index.ts')).bench,
  nab: async () => (await import('./nab/index.ts')).bench,
  intake: async () => (await import('./intake/index.ts')).bench,
};
