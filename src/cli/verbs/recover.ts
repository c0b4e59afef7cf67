/** `recover`: what waits for an operator, and the operator's word on it. */
import { Argument, type Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { OperatorCommand } from '../../model/operator.ts';
import type { RecoveryMode } from '../../model/spec.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { plans } from '../kinds.ts';
import {
  type ConfirmOptions,
  confirmOnTerminal,
  type DryRunOptions,
  type OutputOptions,
  type ReasonOptions,
  verb,
  withConfirm,
  withConnection,
  withDryRun,
  withOutput,
  withReason,
} from '../options.ts';
import { pickById, renderList } from '../output.ts';
import { say, tell } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

type Options = ConnectionOptions & ReasonOptions & ConfirmOptions & DryRunOptions;

export function register(program: Command): void {
  const command = verb('recover', 'Actions that wait for a word: list, approve, reject, override; and the mode');
  command.addCommand(listCommand());
  command.addCommand(decision('approve', 'Let a waiting action go on'));
  command.addCommand(decision('reject', 'Refuse a waiting action'));
  command.addCommand(overrideCommand());
  command.addCommand(modeCommand());
  program.addCommand(command);
}

function listCommand(): Command {
  return withOutput(withConnection(verb('list', 'Actions that await approval', 'recover'))).action(
    async (options: ConnectionOptions & OutputOptions) => {
      const client = connect(options);
      await printOrWatch(options.watch === true, async () => {
        const actions = await client.actions({ state: 'awaiting' });
        if (actions.length === 0) say('Nothing awaits approval.');
        return renderList(actions, plans, options.output);
      });
    },
  );
}

function decision(kind: 'approve' | 'reject', summary: string): Command {
  const command = verb(kind, summary, 'recover').argument('<action>', 'its id, or any prefix that is not ambiguous');
  return withDryRun(withReason(withConnection(command))).action(async (id: string, options: Options) => {
    const client = connect(options);
    const action = pickById(await client.actions({ state: 'all' }), id, (each) => each.id, 'action');
    const sentence = `${action.kind} ${action.target} (${action.reason})`;
    if (options.dryRun) return tell(`would ${kind} ${sentence}`);
    await operate(client, { kind, action: action.id }, options.reason ?? kind);
  });
}

function overrideCommand(): Command {
  const command = verb(
    'override',
    'Try an action again in the face of the guard rail that holds it',
    'recover',
  ).argument('<action>', 'its id, or any prefix that is not ambiguous');
  command.option('--rail <rail>', 'the guard rail; default: the one that holds it');
  return withDryRun(withConfirm(withReason(withConnection(command)))).action(
    async (id: string, options: Options & { readonly rail?: string }) => {
      const client = connect(options);
      const action = pickById(await client.actions({ state: 'all' }), id, (each) => each.id, 'action');
      const rail = options.rail ?? action.guards.find(({ verdict }) => verdict !== 'allow')?.rail;
      if (!rail) throw new HoldfastError('HF5007', `no guard rail holds ${action.id}: it is ${action.status}`);
      if (options.dryRun) return tell(`would override ${rail} for ${action.kind} ${action.target}`);
      await confirmOnTerminal(`Override ${rail} for ${action.kind} ${action.target}?`, options);
      await operate(client, { kind: 'override', action: action.id, rail }, options.reason ?? `override ${rail}`);
    },
  );
}

function modeCommand(): Command {
  const command = verb(
    'mode',
    'How Holdfast repairs: auto acts, approve asks, observe only says',
    'recover',
  ).addArgument(new Argument('<mode>').choices(['auto', 'approve', 'observe']));
  return withReason(withConnection(command)).action(async (mode: RecoveryMode, options: Options) => {
    await operate(connect(options), { kind: 'mode', mode }, options.reason ?? `mode ${mode}`);
  });
}

async function operate(client: HoldfastClient, command: OperatorCommand, why: string): Promise<void> {
  tell((await client.operate(command, why)).detail);
}
