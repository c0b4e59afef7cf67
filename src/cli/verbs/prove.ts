/**
 * `prove`: runs experiments and says what came of them. The runs are the server's: leaving this command early leaves
 * no fault behind, and Ctrl-C ends the run with its faults first.
 */
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { ProofRequest } from '../../api/proof-resources.ts';
import { WORKLOADS, type WorkloadKind } from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { environmentOf, filesOf, withContents } from '../experiment-files.ts';
import {
  countArgument,
  type DryRunOptions,
  type ReasonOptions,
  verb,
  withConnection,
  withDryRun,
  withReason,
} from '../options.ts';
import { FORMATS, type Format } from '../output.ts';
import { prove } from '../proving.ts';
import { say, tell } from '../terminal.ts';

interface Options extends ConnectionOptions, ReasonOptions, DryRunOptions {
  readonly catalogue?: true;
  readonly fault?: readonly string[];
  readonly service?: readonly string[];
  readonly explore?: true;
  readonly seed?: number;
  readonly runs?: number;
  readonly singles?: true;
  readonly workload?: WorkloadKind;
  readonly on?: string;
  readonly junit?: string;
  readonly output: Format;
  readonly stop?: true;
  readonly schedule?: string;
  readonly name?: string;
  readonly unschedule?: string;
}

/** About half an hour. */
const DEFAULT_RUNS = 100;

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
    .addOption(new Option('--workload <kind>', 'clients while faults go on, judged with the run').choices(WORKLOADS))
    .option('--on <url>', 'of --workload: their store; a host may be a service; `store:` is that of Holdfast itself')
    .option('--junit <file>', 'write the verdicts as JUnit XML')
    .option('--schedule <when>', 'not now but again and again: "every 6h", "daily 03:00", "Mon-Fri 03:00"')
    .option('--name <name>', 'of --schedule: what it is called; default: the first file, catalogue or explore')
    .option('--unschedule <name>', 'end a schedule')
    .option('--stop', 'end what is under way, faults first')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'));
  withDryRun(withReason(withConnection(command))).action(async (paths: string[], options: Options) => {
    const client = connect(options);
    if (options.stop) {
      tell((await client.stopProofs(options.reason ?? 'prove --stop')).detail);
      return;
    }
    if (options.unschedule !== undefined) {
      tell((await client.unschedule(options.unschedule, options.reason ?? 'prove --unschedule')).detail);
      return;
    }
    const request = requestOf(paths, options);
    if (options.schedule === undefined) await prove(client, request, options);
    else await schedule(client, request, options.schedule, options.name ?? nameOf(request));
  });
  program.addCommand(command);
}

function requestOf(paths: readonly string[], options: Options): ProofRequest {
  const { catalogue, fault = [], service = [], dryRun = false, reason = 'prove' } = options;
  const common = { ...clientsOf(options), dryRun, why: reason };
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
  // What a schedule keeps lies on a disk: the server refuses files there, and is not sent what is in them.
  const sent = options.schedule === undefined ? files.map(withContents) : files;
  return { run: { kind: 'experiments', files: sent }, environment: environmentOf(files), ...common };
}

function clientsOf({ workload, on, explore }: Options): Pick<ProofRequest, 'workload'> {
  if (workload === undefined && on === undefined) return {};
  const remedy = 'holdfast prove --catalogue --service cache --workload cas-register --on redis://cache';
  if (workload === undefined || on === undefined)
    throw new HoldfastError('HF7002', '--workload and --on belong together', { remedy });
  if (explore) throw new HoldfastError('HF7002', '--explore has no clients of its own', { remedy });
  return { workload: { kind: workload, on } };
}

/** `nightly/payments-dies.yaml` is called `payments-dies`. */
function nameOf({ run }: ProofRequest): string {
  const first =
    run.kind === 'experiments' ? basename(run.files[0]?.file ?? '').replace(/\.(?:json|ya?ml)$/, '') : run.kind;
  return first
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
}

/** What this terminal knows of variables is not kept: the server's own environment has them, or the run is refused. */
async function schedule(client: HoldfastClient, request: ProofRequest, when: string, name: string): Promise<void> {
  const kept = await client.schedule({ name, when, request: { ...request, environment: {} }, why: request.why });
  tell(`${kept.name} runs ${kept.when}, next at ${new Date(kept.nextAt).toLocaleString('sv-SE')} of this clock`);
  const variables = Object.keys(request.environment);
  if (variables.length > 0)
    say(`The server must have ${variables.join(', ')} in its own environment: they are not kept.`);
}
