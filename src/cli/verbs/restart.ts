/** `restart TARGET`: one instance, or every instance of a service, a batch at a time. */
import type { Command } from 'commander';
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

type Options = ConnectionOptions & ReasonOptions & ConfirmOptions & DryRunOptions;

export function register(program: Command): void {
  const command = verb('restart', 'Restart an instance, or a service a batch at a time').argument(
    '<target>',
    'a service, or an instance (any prefix that is not ambiguous)',
  );
  withDryRun(withConfirm(withReason(withConnection(command)))).action(async (target: string, options: Options) => {
    const client = connect(options);
    const services = await client.services();
    const service = services.find(({ name }) => name === target);
    const instance = service
      ? null
      : pickById(
          services.flatMap((each) => each.instances),
          target,
          ({ id }) => id,
          'instance',
        );
    const what = instance ? instance.id : `${service?.name} (${service?.instances.length} instances)`;
    if (options.dryRun) return tell(`would restart ${what}`);
    await confirmOnTerminal(`Restart ${what}?`, options);
    const name = service?.name ?? instance?.service ?? target;
    const result = await client.operate(
      { kind: 'restart', service: name, instance: instance?.id ?? null },
      options.reason ?? `restart ${target}`,
    );
    tell(result.detail);
    suggest('holdfast status --watch');
  });
  program.addCommand(command);
}
