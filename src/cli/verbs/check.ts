/**
 * `check`: whether a store keeps its word. Judges a recorded history, or lets clients work on a store for a while and
 * judges what they saw. Needs no server.
 */
import { type Command, Option } from 'commander';
import {
  CONSISTENCY_MODELS,
  type ConsistencyModel,
  type ConsistencyVerdict,
  HISTORY_KINDS,
  WORKLOADS,
  type WorkloadKind,
} from '../../model/consistency.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';
import type { CheckTargetOptions } from '../../offline/consistency.ts';
import { tellVerdict } from '../consistency-text.ts';
import { EXIT } from '../exit.ts';
import { countArgument, durationArgument, type OutputOptions, verb } from '../options.ts';
import { FORMATS, renderOne } from '../output.ts';
import { Progress } from '../progress.ts';
import { animates, out, print, say, suggest } from '../terminal.ts';

interface Options extends OutputOptions {
  readonly model?: string;
  readonly expect?: ConsistencyModel;
  readonly on?: string;
  readonly workload?: WorkloadKind;
  readonly for: Ms;
  readonly clients?: number;
  readonly rate?: number;
  readonly timeout?: Ms;
  readonly seed?: number;
  readonly save?: string;
}

export function register(program: Command): void {
  const command = verb('check', 'Whether a store keeps its word: judge a recorded history, or record one and judge it')
    .argument('[history]', 'a recorded history: EDN, JSON or a log of Jepsen')
    .addOption(new Option('--model <kind>', 'what the history is about; default: told by it').choices(HISTORY_KINDS))
    .addOption(
      new Option('--expect <promise>', 'what must hold; default: the most, or what the store promises').choices(
        CONSISTENCY_MODELS,
      ),
    )
    .option('--on <url>', 'record on this store: redis://…, postgres://…, http://…, store:DIR')
    .addOption(new Option('--workload <kind>', 'what clients do there; default: register').choices(WORKLOADS))
    .option('--for <duration>', 'how long', durationArgument, 10_000)
    .option('--clients <n>', 'clients at once; default: 8', countArgument)
    .option('--rate <n>', 'operations a second, all clients together; default: 400', countArgument)
    .option('--timeout <duration>', 'an answer that takes longer is unknown; default: 2s', durationArgument)
    .option('--seed <n>', 'repeats what the clients of another run did', countArgument)
    .option('--save <path>', 'keep the recorded history, as JSON lines')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'));
  command.action(async (history: string | undefined, options: Options) => {
    if ((history === undefined) === (options.on === undefined))
      throw new HoldfastError('HF7002', 'give a history file, or a store with --on', {
        remedy: 'holdfast check history.edn, or holdfast check --on redis://127.0.0.1:6379 --workload register',
      });
    const verdict = history === undefined ? await onTarget(options) : await onFile(history, options);
    print(await renderOne(verdict, verdict.verdict, options.output, () => tellVerdict(verdict, out)));
    if (verdict.verdict !== 'holds') process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}

async function onFile(path: string, { model, expect }: Options): Promise<ConsistencyVerdict> {
  const { checkFile } = await import('../../offline/consistency.ts');
  return checkFile(path, { ...(model ? { model } : {}), ...(expect ? { expect } : {}) });
}

async function onTarget(options: Options): Promise<ConsistencyVerdict> {
  const { checkTarget } = await import('../../offline/consistency.ts');
  const { workload = 'register', clients, rate, timeout, expect, save } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 1_000_000);
  const stop = new AbortController();
  const end = setTimeout(() => stop.abort(), options.for);
  // Interrupted, it ends early and judges what there is.
  const interrupted = (): void => stop.abort();
  process.once('SIGINT', interrupted);
  const progress = new Progress(`${workload} on the store, seed ${seed}`);
  const target: CheckTargetOptions = {
    on: options.on as string,
    workload,
    seed,
    until: stop.signal,
    ...(clients ? { clients } : {}),
    ...(rate ? { opsPerSec: rate } : {}),
    ...(timeout ? { timeoutMs: timeout } : {}),
    ...(expect ? { expect } : {}),
    ...(save ? { save } : {}),
    onProgress: ({ ok, failed, unknown, refused }) => {
      if (!animates()) return;
      const away = refused > 0 ? `, ${refused} connections refused` : '';
      progress.update(`${workload}: ${ok} done, ${failed} failed, ${unknown} unknown${away}`);
    },
  };
  try {
    const verdict = await checkTarget(target);
    progress.end();
    for (const line of verdict.leftovers) say(`left in the store: ${line}`);
    if (verdict.stats.ok === 0) say('No operation was done: is the store there?');
    if (save) suggest(`holdfast check ${save}`);
    return verdict;
  } finally {
    progress.end();
    clearTimeout(end);
    process.off('SIGINT', interrupted);
  }
}
