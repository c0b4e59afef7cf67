/** `undo SERVICE`: rolls back the last change of a service, or the change that is named. */
import type { Command } from 'commander';
import type { ChangeResource } from '../../api/resources.ts';
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
    const change = options.change
      ? pickById(changes, options.change, ({ id }) => id, 'change')
      : changes.find(({ undoable }) => undoable.includes(service));
    if (!change) throw new HoldfastError('HF5005', `${service} has no earlier revision to go back to`);
    if (!options.change && change.kind === 'rollback') throw undoOfUndo(service, change);
    const what = `${change.id} of ${service} (${contentOf(service, change).join('; ') || change.kind})`;
    if (options.dryRun) return tell(`would undo ${what}`);
    await confirmOnTerminal(`Undo ${what}?`, options);
    // The one that was asked about, whatever has come since.
    const command = { kind: 'rollback', service, change: change.id } as const;
    tell((await client.operate(command, options.reason ?? `undo ${change.id}`)).detail);
    suggest('holdfast status --watch');
  });
  program.addCommand(command);
}

/** It would bring back what somebody, or Holdfast itself, had reason to take back. */
function undoOfUndo(service: string, change: ChangeResource): HoldfastError {
  const lost = contentOf(service, change).join('; ').replaceAll('undo ', '');
  const what = `the last change of ${service}, ${change.id} by ${change.who}, is an undo itself`;
  return new HoldfastError('HF5008', lost === '' ? what : `${what}: undoing it would bring back ${lost}`, {
    remedy: `If that is what you want: \`holdfast undo ${service} --change ${change.id}\`.`,
  });
}

/** Of a change of several services only the lines of this one. */
function contentOf(service: string, { content }: ChangeResource): readonly string[] {
  const own = content.filter((line) => line.replace(/^undo /, '').startsWith(`${service}:`));
  return own.length === 0 ? content : own;
}
