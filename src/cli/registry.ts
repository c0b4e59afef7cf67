/**
 * Every verb and where it is. Only the verb that was typed is loaded, so that the command starts quickly; all of them
 * for help and completion.
 */
import type { Command } from 'commander';

type Register = (program: Command) => void;

export const VERBS: Readonly<Record<string, () => Promise<Register>>> = {
  dev: async () => (await import('./verbs/dev.ts')).register,
  up: async () => (await import('./verbs/up.ts')).register,
  down: async () => (await import('./verbs/down.ts')).register,
  serve: async () => (await import('./verbs/serve.ts')).register,
  status: async () => (await import('./verbs/status.ts')).register,
  get: async () => (await import('./verbs/get.ts')).register,
  describe: async () => (await import('./verbs/describe.ts')).register,
  logs: async () => (await import('./verbs/logs.ts')).register,
  diagnose: async () => (await import('./verbs/diagnose.ts')).register,
  check: async () => (await import('./verbs/check.ts')).register,
  plan: async () => (await import('./verbs/plan.ts')).register,
  apply: async () => (await import('./verbs/apply.ts')).register,
  recover: async () => (await import('./verbs/recover.ts')).register,
  undo: async () => (await import('./verbs/undo.ts')).register,
  restart: async () => (await import('./verbs/restart.ts')).register,
  scale: async () => (await import('./verbs/scale.ts')).register,
  prove: async () => (await import('./verbs/prove.ts')).register,
  stop: async () => (await import('./verbs/stop.ts')).registerStop,
  resume: async () => (await import('./verbs/stop.ts')).registerResume,
  silence: async () => (await import('./verbs/silence.ts')).register,
  journal: async () => (await import('./verbs/journal.ts')).register,
  toxiproxy: async () => (await import('./verbs/toxiproxy.ts')).register,
  doctor: async () => (await import('./verbs/doctor.ts')).register,
  completion: async () => (await import('./verbs/completion.ts')).register,
  version: async () => (await import('./verbs/version.ts')).register,
};

export const ALIASES: Readonly<Record<string, string>> = { rollback: 'undo' };

export async function registerVerbs(program: Command, typed: string | undefined): Promise<void> {
  const name = typed === undefined ? undefined : (ALIASES[typed] ?? typed);
  const only = name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  for (const load of only ? [only] : Object.values(VERBS)) (await load())(program);
}
