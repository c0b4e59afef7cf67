/** `apply`: makes a spec file the desired state, refusing when the state has moved since the plan. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import {
  type ConfirmOptions,
  confirmOnTerminal,
  countArgument,
  type DryRunOptions,
  durationArgument,
  type ReasonOptions,
  type SpecOptions,
  verb,
  withConfirm,
  withConnection,
  withDryRun,
  withReason,
  withSpec,
} from '../options.ts';
import { noticeText, planText } from '../plan-text.ts';
import { Progress } from '../progress.ts';
import { findSpecFile, readSpec } from '../spec-source.ts';
import { err, out, print, say, suggest, tell } from '../terminal.ts';
import { waitUntilHealthy } from '../wait.ts';

interface Options extends ConnectionOptions, SpecOptions, ReasonOptions, ConfirmOptions, DryRunOptions {
  readonly index?: number;
  readonly wait?: true;
  readonly timeout: number;
}

export function register(program: Command): void {
  const command = verb('apply', 'Make a spec file the desired state')
    .option('--index <index>', 'the index of the plan: refuse when the state has moved since', countArgument)
    .option('--wait', 'wait until the system is healthy; exit with 2 when it is not in time')
    .option('--timeout <duration>', 'how long to wait', durationArgument, 120_000);
  withDryRun(withConfirm(withReason(withSpec(withConnection(command))))).action(apply);
  program.addCommand(command);
}

async function apply(options: Options): Promise<void> {
  const client = connect(options);
  const path = findSpecFile(options);
  const spec = readSpec(path, options);
  const plan = await client.plan(spec);
  for (const notice of plan.notices) say(noticeText(notice, err));
  if (options.dryRun) return print(planText(plan, out));
  if (!plan.empty) {
    say(planText(plan, err));
    await confirmOnTerminal('Apply this?', options);
  }
  const why = options.reason ?? `apply -f ${basename(path)}`;
  const applied = await client.apply({ spec, index: options.index ?? plan.index, why });
  tell(applied.detail);
  if (!options.wait) return suggest('holdfast status --watch');
  const progress = new Progress('applying');
  const result = await waitUntilHealthy(client, {
    timeoutMs: options.timeout,
    index: applied.index,
    progress,
  }).finally(() => progress.end());
  say(result.status.sentence);
  if (!result.healthy) process.exitCode = EXIT.negative;
}
