/** `doctor`: what Holdfast needs and what it finds here, and what it cannot see. Exits with 2 when something fails. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { StatusResource } from '../../api/resources.ts';
import { asHoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect, findStateDir } from '../connect.ts';
import { SERVER_ENTRY } from '../daemon.ts';
import { EXIT } from '../exit.ts';
import { type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { type Kind, renderList } from '../output.ts';
import { out } from '../terminal.ts';
import { bytes } from '../text.ts';
import { printOrWatch } from '../watch.ts';
import { ownVersion } from './version.ts';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when nothing is. */
  readonly remedy: string;
}

const KIND: Kind<Finding> = {
  columns: [
    {
      title: 'VERDICT',
      of: ({ verdict }) => ({ ok: out.green, warn: out.yellow, fail: out.red })[verdict](verdict),
    },
    { title: 'CHECK', of: (finding) => finding.check },
    { title: 'FOUND', of: ({ found, remedy }) => (remedy === '' ? found : `${found} → ${remedy}`) },
  ],
  name: (finding) => finding.check,
  none: '',
};

const MIN_NODE = [20, 19] as const;
/** Journal, logs and store of a small system over some weeks. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;
/** Two per proxied request; below this a busy endpoint runs dry. */
const MIN_OPEN_FILES = 4_096;

export function register(program: Command): void {
  const command = verb('doctor', 'Check the environment, and say what Holdfast cannot see');
  withOutput(withConnection(command)).action(async (options: ConnectionOptions & OutputOptions) => {
    let failed = false;
    await printOrWatch(options.watch === true, async () => {
      const findings = [...environment(options), ...(await server(options))];
      failed = findings.some(({ verdict }) => verdict === 'fail');
      return renderList(findings, KIND, options.output);
    });
    if (failed) process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}

const ok = (check: string, found: string): Finding => ({ check, verdict: 'ok', found, remedy: '' });

function environment(options: ConnectionOptions): Finding[] {
  return [nodeVersion(), platform(), limits(), stateDir(options), openFiles(), installation()];
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  if (enough) return ok('node', process.versions.node);
  return {
    check: 'node',
    verdict: 'fail',
    found: process.versions.node,
    remedy: `install ${MIN_NODE.join('.')} or newer`,
  };
}

function platform(): Finding {
  const found = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${bytes(totalmem())} memory`;
  if (process.platform === 'linux') return ok('platform', found);
  return { check: 'platform', verdict: 'warn', found, remedy: 'the process runtime is made for Linux' };
}

/** Limits need a cgroup v2 that this user may make groups in. */
function limits(): Finding {
  const remedy = 'memory and CPU limits are enforced by sampling; grant a delegated cgroup v2 for exact ones';
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    return { check: 'limits', verdict: 'warn', found: 'no cgroup v2', remedy };
  }
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  const path = `/sys/fs/cgroup${own}`;
  try {
    accessSync(path, constants.W_OK);
    return ok('limits', `cgroup v2 at ${path}`);
  } catch {
    return { check: 'limits', verdict: 'warn', found: `cgroup v2 at ${path} is not writable`, remedy };
  }
}

function stateDir(options: ConnectionOptions): Finding {
  const path = findStateDir(options) ?? process.cwd();
  let existing = path;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a directory`);
    accessSync(existing, constants.W_OK);
    const { bavail, bsize } = statfsSync(existing);
    const found = `${path}, ${bytes(bavail * bsize)} free`;
    if (bavail * bsize >= MIN_FREE_BYTES) return ok('state', found);
    return { check: 'state', verdict: 'warn', found, remedy: `free space: ${bytes(MIN_FREE_BYTES)} is little enough` };
  } catch (error) {
    const remedy = 'make it writable for this user, or choose another with --state-dir';
    return { check: 'state', verdict: 'fail', found: `${path}: ${(error as Error).message}`, remedy };
  }
}

function openFiles(): Finding {
  const path = '/proc/self/limits';
  if (!existsSync(path)) return ok('open files', 'limit unknown here');
  const soft = /^Max open files\s+(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  if (soft === 'unlimited' || Number(soft) >= MIN_OPEN_FILES) return ok('open files', `limit ${soft}`);
  return {
    check: 'open files',
    verdict: 'warn',
    found: `limit ${soft}`,
    remedy: `raise it: ulimit -n ${MIN_OPEN_FILES}`,
  };
}

function installation(): Finding {
  if (existsSync(SERVER_ENTRY) && statSync(SERVER_ENTRY).isFile()) return ok('program', ownVersion());
  return { check: 'program', verdict: 'fail', found: `${SERVER_ENTRY} is missing`, remedy: 'run `npm run build`' };
}

async function server(options: ConnectionOptions): Promise<Finding[]> {
  let status: StatusResource;
  try {
    status = await connect(options).status();
  } catch (error) {
    const { code, message, remedy } = asHoldfastError(error);
    const verdict = code === 'HF7001' ? 'warn' : 'fail';
    return [{ check: 'server', verdict, found: `${code} ${message}`, remedy }];
  }
  const findings = [ok('server', `${status.version}, pid ${status.pid}: ${status.sentence}`)];
  const warn = (check: string, found: string, remedy: string) =>
    findings.push({ check, verdict: 'warn', found, remedy });
  if (status.version !== ownVersion())
    warn('versions', `server ${status.version}, command ${ownVersion()}`, 'restart the server');
  if (status.automationStopped) warn('automation', 'stopped: nothing is repaired', 'holdfast resume');
  if (status.mode !== 'auto') warn('mode', status.mode, 'plans wait for you: holdfast recover list');
  for (const silence of status.silences) {
    warn(
      'silence',
      `${silence.service ?? 'everything'} by ${silence.who}: ${silence.why}`,
      `holdfast silence end ${silence.id}`,
    );
  }
  for (const part of status.parts) {
    if (part.state !== 'running')
      warn('part', `${part.name} is ${part.state} ${part.detail}`, 'it is started again by itself');
  }
  for (const spot of status.blindSpots) warn('blind spot', spot, '');
  return findings;
}
