/** `stop --all` and `resume`: the emergency stop of everything automatic. Instances go on running. */
import type { Command } from 'commander';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { type ReasonOptions, verb, withConnection, withReason } from '../options.ts';
import { suggest, tell } from '../terminal.ts';

type Options = ConnectionOptions & ReasonOptions & { readonly all?: true };

/** Asks nothing: an emergency stop that asks is none. */
export function registerStop(program: Command): void {
  const command = verb('stop', 'Emergency stop: nothing automatic is begun until `holdfast resume`').option(
    '--all',
    'all automation (required: this verb stops no instance)',
  );
  withReason(withConnection(command)).action(async (options: Options) => {
    if (!options.all) {
      throw new HoldfastError('HF7002', '`stop` stops automation, not instances', {
        remedy: 'Write `holdfast stop --all`; to stop instances, `holdfast down`.',
      });
    }
    tell((await connect(options).operate({ kind: 'stop-all' }, options.reason ?? 'stop --all')).detail);
    suggest('holdfast resume');
  });
  program.addCommand(command);
}

export function registerResume(program: Command): void {
  const command = verb('resume', 'Let automation go on after `holdfast stop --all`');
  withReason(withConnection(command)).action(async (options: Options) => {
    tell((await connect(options).operate({ kind: 'resume' }, options.reason ?? 'resume')).detail);
  });
  program.addCommand(command);
}
