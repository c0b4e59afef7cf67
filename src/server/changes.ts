/**
 * From a spec's text to a plan or a change: parsed, compared with what is wanted now, and looked at for what would
 * go wrong on this machine, before anything is started.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import type { PlanResult, SpecSource } from '../api/resources.ts';
import { HoldfastError } from '../model/errors.ts';
import type { RouteTable } from '../model/routes.ts';
import { OUTSIDE } from '../model/signal.ts';
import type { ServiceSpec, SpecNotice, SystemSpec } from '../model/spec.ts';
import { diffPolicy, diffSystems, type ParsedSpec, parseSpec } from '../spec/index.ts';

/** What a spec is compared with: the core, or NOTHING. */
export interface Present {
  readonly index: number;
  readonly spec: SystemSpec | null;
  readonly routes: RouteTable | null;
}

export const NOTHING: Present = { index: 0, spec: null, routes: null };

/** Throws what is wrong with the spec, all of it at once. */
export function parse(source: SpecSource): ParsedSpec {
  return parseSpec(source, { readFile: readSpecFile });
}

export async function planOf(source: SpecSource, present: Present): Promise<PlanResult> {
  const parsed = parse(source);
  const changes = diffSystems(present.spec, parsed.spec);
  const policy = diffPolicy(present.spec, parsed.spec);
  const ports = portNotices(await takenPorts(present, parsed));
  return {
    index: present.index,
    system: parsed.spec.name,
    notices: [...parsed.notices, ...ports, ...commandNotices(parsed)],
    changes,
    policy,
    empty: policy.length === 0 && changes.every(({ change }) => change === 'none'),
  };
}

/** Files that a spec brings in (include, extends, env_file), from this machine's disk; undefined: there is none. */
function readSpecFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Absent, or unreadable for us: the parser says which one it needed and where.
    return undefined;
  }
}

/** HF4001, with the place in the file, for every published port that somebody else holds. */
export async function takenPorts({ routes }: Present, parsed: ParsedSpec): Promise<readonly HoldfastError[]> {
  const ours = new Set(
    (routes?.listeners ?? []).filter(({ caller }) => caller === OUTSIDE).map(({ host, port }) => `${host}:${port}`),
  );
  const errors: HoldfastError[] = [];
  for (const service of Object.values(parsed.spec.services)) {
    for (const { published } of service.ports) {
      if (published === null || ours.has(`${published.host}:${published.port}`)) continue;
      const problem = await listenProblem(published.host, published.port);
      if (problem === null) continue;
      const where = `${published.host}:${published.port}`;
      const message =
        problem === 'EADDRINUSE'
          ? `${service.name} publishes ${where}, where another program listens`
          : `${service.name} publishes ${where}, which cannot be listened on here (${problem})`;
      errors.push(new HoldfastError('HF4001', message, { at: parsed.position(service.name, 'ports') }));
    }
  }
  return errors;
}

/** Listens for a moment: the only answer that can be believed. null: it works. */
function listenProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: host === '' ? '0.0.0.0' : host, port, exclusive: true }, () => {
      server.close(() => resolve(null));
    });
  });
}

export function oneError(errors: readonly HoldfastError[]): HoldfastError | null {
  const [first, ...others] = errors;
  if (first === undefined) return null;
  const { code, message, remedy, at } = first;
  return new HoldfastError(code, message, { remedy, others, ...(at ? { at } : {}) });
}

/** Said in plans: what applying this would run into. */
function portNotices(errors: readonly HoldfastError[]): readonly SpecNotice[] {
  return errors.map(({ code, message, at }) => ({
    code,
    file: at?.file ?? '',
    line: at?.line ?? 1,
    column: at?.column ?? 1,
    service: null,
    what: message,
    instead: 'apply refuses until the port is free',
  }));
}

/** A command that is not there is said at once, not after the third failed start. It may still come: no error. */
export function commandNotices(parsed: ParsedSpec): readonly SpecNotice[] {
  return Object.values(parsed.spec.services).flatMap((service) => {
    if (commandExists(service)) return [];
    const at = parsed.position(service.name, 'command');
    const what = `command not found: ${service.run.command[0] ?? ''}`;
    const instead = `${service.name} will fail to start until it is there`;
    return [{ code: 'HF3001', ...at, service: service.name, what, instead }];
  });
}

function commandExists(service: ServiceSpec): boolean {
  const program = service.run.command[0] ?? '';
  if (program.includes('/')) return executable(isAbsolute(program) ? program : join(service.run.workingDir, program));
  const path = service.run.environment.PATH ?? process.env.PATH ?? '';
  return path.split(delimiter).some((dir) => dir !== '' && executable(join(dir, program)));
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
