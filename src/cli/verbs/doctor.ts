/**
 * `doctor`: what is wrong before anything happens. This machine and installation, and the structural audit of the
 * system that runs; with `-f` that of a file alone, without a running system. Exits with 2 when something fails, or a
 * finding is of severity high.
 */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { AuditResource, FindingResource, StatusResource } from '../../api/resources.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect, findStateDir } from '../connect.ts';
import { SERVER_ENTRY } from '../daemon.ts';
import { EXIT } from '../exit.ts';
import { countFindings, tellFindings } from '../findings.ts';
import { fold, widthOf } from '../fold.ts';
import {
  type ConfirmOptions,
  confirm,
  type OutputOptions,
  type ReasonOptions,
  type SpecOptions,
  verb,
  withConfirm,
  withConnection,
  withOutput,
  withReason,
} from '../options.ts';
import { type Kind, renderList, toYaml } from '../output.ts';
import { prove } from '../proving.ts';
import { findSpecFile, readSpec } from '../spec-source.ts';
import { out, say } from '../terminal.ts';
import { bytes, plural } from '../text.ts';
import { printOrWatch } from '../watch.ts';
import { ownVersion } from './version.ts';

interface Check {
  readonly check: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when nothing is. */
  readonly remedy: string;
}

const KIND: Kind<Check> = {
  columns: [
    {
      title: 'VERDICT',
      of: ({ verdict }) => ({ ok: out.green, warn: out.yellow, fail: out.red })[verdict](verdict),
    },
    { title: 'CHECK', of: ({ check }) => check },
    { title: 'FOUND', of: ({ found, remedy }) => (remedy === '' ? found : `${found} → ${remedy}`) },
  ],
  name: ({ check }) => check,
  none: '',
};

const MIN_NODE = [20, 19] as const;
/** Journal, logs and store of a small system over some weeks. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;
/** Two per proxied request; below this a busy endpoint runs dry. */
const MIN_OPEN_FILES = 4_096;

interface Options extends ConnectionOptions, OutputOptions, SpecOptions, ConfirmOptions, ReasonOptions {
  readonly prove?: string;
}

/** Of the file, or of what runs; null: neither. */
interface Examined {
  readonly checks: readonly Check[];
  readonly findings: readonly FindingResource[] | null;
}

export function register(program: Command): void {
  const command = verb('doctor', 'What is wrong before anything happens: this machine, and the structure of the system')
    .option('-f, --file <path>', 'audit this spec file alone; nothing has to run')
    .option('--profile <name...>', 'with -f: profiles to enable (COMPOSE_PROFILES)')
    .option('--project-name <name>', 'with -f: name of the system')
    .option('--prove <finding>', 'see it happen: run its experiment on the running system (ID or ID/SERVICE)');
  withConfirm(withReason(withOutput(withConnection(command)))).action(async (options: Options) => {
    if (options.prove !== undefined) return proveFinding(options.prove, options);
    let bad = false;
    await printOrWatch(options.watch === true, async () => {
      const examined = options.file === undefined ? await everything(options) : await fileAlone(options);
      const { checks, findings } = examined;
      bad =
        checks.some(({ verdict }) => verdict === 'fail') ||
        (findings ?? []).some(({ severity }) => severity === 'high');
      return render(examined, options);
    });
    if (bad) process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}

async function render({ checks, findings }: Examined, { output }: Options): Promise<string> {
  if (output === 'json') return JSON.stringify({ checks, findings }, null, 2);
  if (output === 'yaml') return toYaml({ checks, findings });
  if (output === 'name')
    return [
      ...checks.map(({ check }) => check),
      ...(findings ?? []).map(({ id, service }) => (service === null ? id : `${id}/${service}`)),
    ].join('\n');
  const counts = [findings === null ? '' : countFindings(findings), countChecks(checks)];
  const parts = [out.bold(counts.filter((text) => text !== '').join(' '))];
  if (checks.length > 0) parts.push(await renderList(checks, KIND, output));
  if (findings !== null && findings.length > 0) parts.push(await tellFindings(findings, out, output === 'wide'));
  const whole = parts.join('\n\n');
  return output === 'wide' ? whole : fold(whole, widthOf(process.stdout));
}

/** What is to be known first: is anything the matter with Holdfast here? */
function countChecks(checks: readonly Check[]): string {
  if (checks.length === 0) return '';
  const of = (verdict: Check['verdict']): number => checks.filter((check) => check.verdict === verdict).length;
  const said = [...(of('fail') > 0 ? [`${of('fail')} fail`] : []), ...(of('warn') > 0 ? [`${of('warn')} warn`] : [])];
  return `${plural(checks.length, 'check')} of this installation: ${said.length === 0 ? 'all well' : said.join(', ')}.`;
}

/** Right when the verdict is a mismatch: then users are hurt, or nothing repairs it. */
async function proveFinding(name: string, options: Options): Promise<void> {
  const client = connect(options);
  const { findings } = await client.audit();
  const [id, service] = name.split('/');
  const found = findings.filter((one) => one.id === id && (service === undefined || one.service === service));
  const [finding] = found;
  if (finding === undefined || found.length > 1) {
    const which = found.length > 1 ? `${found.length} findings are called ${id}` : `no finding is called ${name}`;
    const all = (found.length > 1 ? found : findings).map((one) =>
      one.service === null ? one.id : `${one.id}/${one.service}`,
    );
    throw new HoldfastError('HF7002', which, {
      remedy: all.length === 0 ? 'Nothing was found.' : `Name one: ${all.join(', ')}.`,
    });
  }
  if (finding.experiment === null) throw new HoldfastError('HF8305', `${name}: no fault would show it`);
  say(finding.sentence);
  await confirm('Break it on purpose, to see it happen?', options);
  const file = { file: `doctor/${name}`, baseDir: process.cwd(), text: JSON.stringify(finding.experiment) };
  const why = options.reason ?? `is it so: ${finding.sentence}`;
  await prove(client, { run: { kind: 'experiments', files: [file] }, environment: {}, dryRun: false, why }, options);
  const shown = process.exitCode === EXIT.negative;
  say(
    shown
      ? 'A mismatch, or nothing to tell from: see above whether it is as the finding says.'
      : 'It is not so: the system bore it.',
  );
}

async function fileAlone(options: Options): Promise<Examined> {
  const { auditFile } = await import('../../offline/audit.ts');
  const { findings, notices } = auditFile(readSpec(findSpecFile(options), options));
  // How it would be run here is a question of its own, and of a file of containers there is much to say to it.
  if (options.output === 'wide')
    for (const { file, line, what, instead } of notices) say(`${file}:${line}: ${what}: ${instead}`);
  else if (notices.length > 0) say(`${plural(notices.length, 'notice')} on how Holdfast would run it: -o wide`);
  return {
    checks: [],
    findings: findings.map((finding) => ({ ...finding, experiment: finding.experiment && { ...finding.experiment } })),
  };
}

async function everything(options: Options): Promise<Examined> {
  const { checks, audit } = await server(options);
  return { checks: [...environment(options), ...checks], findings: audit?.findings ?? null };
}

const ok = (check: string, found: string): Check => ({ check, verdict: 'ok', found, remedy: '' });

function environment(options: ConnectionOptions): Check[] {
  return [nodeVersion(), platform(), limits(), stateDir(options), openFiles(), installation()];
}

function nodeVersion(): Check {
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

function platform(): Check {
  const found = `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${bytes(totalmem())} memory`;
  if (process.platform === 'linux') return ok('platform', found);
  return { check: 'platform', verdict: 'warn', found, remedy: 'the process runtime is made for Linux' };
}

/** Limits need a cgroup v2 that this user may make groups in. */
function limits(): Check {
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

function stateDir(options: ConnectionOptions): Check {
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

function openFiles(): Check {
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

function installation(): Check {
  if (existsSync(SERVER_ENTRY) && statSync(SERVER_ENTRY).isFile()) return ok('program', ownVersion());
  return { check: 'program', verdict: 'fail', found: `${SERVER_ENTRY} is missing`, remedy: 'run `npm run build`' };
}

async function server(options: ConnectionOptions): Promise<{ checks: Check[]; audit: AuditResource | null }> {
  let status: StatusResource;
  let audit: AuditResource | null = null;
  try {
    const client = connect(options);
    status = await client.status();
    if (status.system !== null) audit = await client.audit();
  } catch (error) {
    const { code, message, remedy } = asHoldfastError(error);
    const verdict = code === 'HF7001' ? 'warn' : 'fail';
    return { checks: [{ check: 'server', verdict, found: `${code} ${message}`, remedy }], audit: null };
  }
  const checks = [ok('server', `${status.version}, pid ${status.pid}: ${status.sentence}`)];
  const warn = (check: string, found: string, remedy: string) => checks.push({ check, verdict: 'warn', found, remedy });
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
  return { checks, audit };
}
