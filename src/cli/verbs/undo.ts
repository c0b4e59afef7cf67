/** `undo SERVICE`: rolls back the last change of a service, or the change that is named. */
import type { Command } from 'commander';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import {
  type ConfirmOptions,
  confirmOnTerminal,
  type DryRunOptions,
  type ReasonOptions,
  verb,
  withConfirm,
  withConnection,
  withDryRun,
  withReason,
} from '../options.ts';
import { pickById } from '../output.ts';
import { suggest, tell } from '../terminal.ts';

interface Options extends ConnectionOptions, ReasonOptions, ConfirmOptions, DryRunOptions {
  readonly change?: string;
}

export function register(program: Command): void {
  const command = verb('undo', 'Roll a service back to what it was before its last change')
    .alias('rollback')
    .argument('<service>', 'the service, or any prefix that is not ambiguous')
    .option('--change <id>', 'undo this change; default: the last one of the service');
  withDryRun(withConfirm(withReason(withConnection(command)))).action(async (given: string, options: Options) => {
    const client = connect(options);
    const service = pickById(await client.services(), given, ({ name }) => name, 'service').name;
    const changes = (await client.changes()).filter((change) => change.services.includes(service));
    const change = options.change ? pickById(changes, options.change, ({ id }) => id, 'change') : changes[0];
    if (!change) throw new HoldfastError('HF5005', `no change of ${service} is known`);
    const what = `${change.id} of ${service} (${change.content.join('; ') || change.kind})`;
    if (options.dryRun) return tell(`would undo ${what}`);
    await confirmOnTerminal(`Undo ${what}?`, options);
    const command = { kind: 'rollback', service, change: options.change ? change.id : null } as const;
    tell((await client.operate(command, options.reason ?? `undo ${change.id}`)).detail);
    suggest('holdfast status --watch');
  });
  program.addCommand(command);
}
