/**
 * `prove`: runs experiments and says what came of them. The runs are the server's: leaving this command early leaves
 * no fault behind, and Ctrl-C ends the run with its faults first.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { ExperimentFile, ProofDetail, ProofRequest } from '../../api/proof-resources.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { proofs as kind } from '../kinds.ts';
import {
  countArgument,
  type DryRunOptions,
  type ReasonOptions,
  verb,
  withConnection,
  withDryRun,
  withReason,
} from '../options.ts';
import { FORMATS, type Format, renderList } from '../output.ts';
import { out, print, say } from '../terminal.ts';
import { patiently } from '../wait.ts';

interface Options extends ConnectionOptions, ReasonOptions, DryRunOptions {
  readonly catalogue?: true;
  readonly fault?: readonly string[];
  readonly service?: readonly string[];
  readonly explore?: true;
  readonly seed?: number;
  readonly runs?: number;
  readonly singles?: true;
  readonly junit?: string;
  readonly output: Format;
  readonly stop?: true;
}

const POLL_MS = 300;
/** About half an hour. */
const DEFAULT_RUNS = 100;
/** The server may be restarted while one waits. */
const PATIENCE_MS = 15_000;

export function register(program: Command): void {
  const command = verb('prove', 'Break things on purpose, and judge whether they were detected, explained and repaired')
    .argument('[path...]', 'experiment files (Chaos Toolkit, JSON or YAML), or directories of them')
    .option('--catalogue', 'every fault that this machine can do, on every service that opted in')
    .option('--fault <kind...>', 'of the catalogue only these')
    .option('--service <name...>', 'of the catalogue only on these')
    .option('--explore', 'single faults, then pairs, likely ones first; what fails is shrunk to its smallest form')
    .option('--seed <number>', 'of --explore: the same seed walks the same way', countArgument)
    .option('--runs <count>', 'of --explore: at most so many', countArgument)
    .option('--singles', 'of --explore: no pairs')
    .option('--junit <file>', 'write the verdicts as JUnit XML')
    .option('--stop', 'end what is under way, faults first')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'));
  withDryRun(withReason(withConnection(command))).action(async (paths: string[], options: Options) => {
    const client = connect(options);
    if (options.stop) {
      print((await client.stopProofs(options.reason ?? 'prove --stop')).detail);
      return;
    }
    await prove(client, requestOf(paths, options), options);
  });
  program.addCommand(command);
}

function requestOf(paths: readonly string[], options: Options): ProofRequest {
  const { catalogue, fault = [], service = [], dryRun = false, reason = 'prove' } = options;
  const common = { dryRun, why: reason };
  if (catalogue) {
    if (paths.length > 0) throw new HoldfastError('HF7002', 'a file and --catalogue', { remedy: 'Name one of them.' });
    return { run: { kind: 'catalogue', faults: fault, services: service }, environment: {}, ...common };
  }
  if (options.explore) {
    const { seed = 1, runs = DEFAULT_RUNS, singles } = options;
    const run = { kind: 'explore', seed, runs, pairs: !singles, faults: fault, services: service } as const;
    return { run, environment: {}, ...common };
  }
  if (paths.length === 0) {
    const remedy = 'Write `holdfast prove FILE`, or `holdfast prove --catalogue`.';
    throw new HoldfastError('HF7002', 'nothing to prove', { remedy });
  }
  const files = paths.flatMap(filesOf);
  return { run: { kind: 'experiments', files }, environment: environmentOf(files), ...common };
}

function filesOf(path: string): readonly ExperimentFile[] {
  try {
    if (!statSync(path).isDirectory()) {
      return [{ file: path, baseDir: dirname(resolve(path)), text: readFileSync(path, 'utf8') }];
    }
    const names = readdirSync(path).filter((name) => /\.(?:json|ya?ml)$/.test(name));
    if (names.length > 0) return names.sort().flatMap((name) => filesOf(join(path, name)));
  } catch (error) {
    throw new HoldfastError('HF7002', `${path} cannot be read: ${(error as Error).message}`);
  }
  throw new HoldfastError('HF7002', `${path} holds no experiment`, { remedy: 'Put .json or .yaml files there.' });
}

/** Of this environment only what the files name as a key: nothing else is the server's business. */
function environmentOf(files: readonly ExperimentFile[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { text } of files) {
    for (const [, name] of text.matchAll(/["']?\bkey["']?\s*:\s*["']?([A-Za-z_][A-Za-z0-9_]*)/g)) {
      const value = name === undefined ? undefined : process.env[name];
      if (name !== undefined && value !== undefined) found[name] = value;
    }
  }
  return found;
}

async function prove(client: HoldfastClient, request: ProofRequest, options: Options): Promise<void> {
  const { proofs, notices } = await client.prove(request);
  for (const notice of notices) say(notice);
  const interrupted = new AbortController();
  const onSignal = (): void => {
    if (interrupted.signal.aborted) process.exit(EXIT.error);
    interrupted.abort();
    say('Ending the run, faults first…');
    client.stopProofs('interrupted').catch((error: unknown) => say(String(error)));
  };
  process.on('SIGINT', onSignal);
  const done: ProofDetail[] = [];
  try {
    const waiting = [...proofs];
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const proof = await follow(
        client,
        id,
        `${done.length + 1}${request.run.kind === 'explore' ? '' : `/${proofs.length}`}`,
      );
      done.push(proof);
      if (request.run.kind === 'explore') waiting.push(...(await nextOf(client, proof.id)));
    }
  } finally {
    process.off('SIGINT', onSignal);
  }
  await conclude(client, done, request, options);
}

/** The run that exploring goes on with; none: it is at its end. */
async function nextOf(client: HoldfastClient, id: string): Promise<readonly string[]> {
  for (;;) {
    const { next, more } = await patiently(() => client.proof(id), PATIENCE_MS);
    if (next !== null) return [next];
    if (!more) return [];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Prints its progress on stderr as it comes; resolves when it is judged. */
async function follow(client: HoldfastClient, id: string, count: string): Promise<ProofDetail> {
  let told = 0;
  let begun = false;
  for (;;) {
    const proof = await patiently(() => client.proof(id), PATIENCE_MS);
    if (!begun && proof.state !== 'waiting') {
      begun = true;
      say(`${count} ${proof.experiment}`);
    }
    // Only the newest lines are kept: those that were told and have gone are counted by their times.
    for (const { text } of proof.progress.slice(told)) say(`  ${text}`);
    told = proof.progress.length;
    if (proof.state === 'done') return proof;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function conclude(
  client: HoldfastClient,
  done: readonly ProofDetail[],
  { run, dryRun }: ProofRequest,
  options: Options,
): Promise<void> {
  const last = done.at(-1);
  if (options.junit !== undefined && last !== undefined) writeFileSync(options.junit, last.junit);
  if (options.output !== 'table') {
    print(await renderList(done, kind, options.output));
  } else if (dryRun) {
    for (const { experiment, progress } of done)
      print([experiment, ...progress.map(({ text }) => `  ${text}`)].join('\n'));
  } else if (run.kind === 'catalogue') {
    const bad = done.filter(({ verdict }) => verdict !== 'confirmed');
    for (const { text } of bad) print(`${text}\n`);
    print((await client.coverage()).grid);
  } else if (run.kind === 'explore' && last !== undefined) {
    await tellDiscoveries(client, done, last.id);
  } else {
    for (const { text } of done) print(`${coloured(text)}\n`);
    for (const { trend } of done) if (trend !== null) print(trend);
  }
  if (!dryRun) process.exitCode = exitOf(done);
}

async function tellDiscoveries(client: HoldfastClient, done: readonly ProofDetail[], last: string): Promise<void> {
  const { discoveries } = await client.proof(last);
  for (const { found, smallest } of discoveries) {
    print(`✗ ${smallest}${found === smallest ? '' : `  (found as: ${found})`}`);
    const proof = done.findLast(({ experiment }) => experiment === smallest);
    if (proof) print(`  ${proof.summary}`);
  }
  const count = (word: string): number => done.filter(({ verdict }) => verdict === word).length;
  const tried = `${done.length} runs: ${count('confirmed')} confirmed, ${count('mismatch')} mismatches, ${count('inconclusive')} inconclusive`;
  print(`${tried}; ${discoveries.length} ways to break it found`);
}

function coloured(text: string): string {
  return text
    .replace(/^ {2}✓/gm, `  ${out.green('✓')}`)
    .replace(/^ {2}✗/gm, `  ${out.red('✗')}`)
    .replace(/^ {2}\?/gm, `  ${out.yellow('?')}`);
}

/** 3 when nothing but guard rails stood in the way. */
function exitOf(done: readonly ProofDetail[]): number {
  const bad = done.filter(({ verdict }) => verdict !== 'confirmed');
  if (done.length > 0 && bad.length === 0) return 0;
  return bad.length > 0 && bad.every(({ halted, verdict }) => halted && verdict === 'inconclusive')
    ? EXIT.halted
    : EXIT.negative;
}
