/** `silence`: for a while nothing automatic is done and nobody is paged, for a service or for everything. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connect.ts';
import { silences as kind } from '../kinds.ts';
import {
  durationArgument,
  type OutputOptions,
  type ReasonOptions,
  verb,
  withConnection,
  withOutput,
  withReason,
} from '../options.ts';
import { pickById, renderList } from '../output.ts';
import { say, suggest, tell } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

type Options = ConnectionOptions & ReasonOptions;

export function register(program: Command): void {
  const command = verb('silence', 'Silence a service, or everything, for a while');
  // The verb alone begins one: `holdfast silence payments --for 10m`.
  command.addCommand(startCommand(), { isDefault: true });
  command.addCommand(endCommand());
  command.addCommand(listCommand());
  program.addCommand(command);
}

function startCommand(): Command {
  const command = verb('start', 'Begin a silence', 'silence')
    .argument('[service]', 'default: everything')
    .option('--for <duration>', 'how long', durationArgument, 30 * 60_000);
  return withReason(withConnection(command)).action(
    async (given: string | undefined, options: Options & { readonly for: number }) => {
      const client = connect(options);
      const service =
        given === undefined ? null : pickById(await client.services(), given, ({ name }) => name, 'service').name;
      const result = await client.operate(
        { kind: 'silence', service, forMs: options.for },
        options.reason ?? 'silence',
      );
      tell(result.detail);
      if (result.id) suggest(`holdfast silence end ${result.id}`);
    },
  );
}

function endCommand(): Command {
  const command = verb('end', 'End a silence before its time', 'silence').argument('<id>', 'its id, or a prefix');
  return withReason(withConnection(command)).action(async (given: string, options: Options) => {
    const client = connect(options);
    const { id } = pickById((await client.status()).silences, given, (each) => each.id, 'silence');
    tell((await client.operate({ kind: 'unsilence', silence: id }, options.reason ?? 'end of silence')).detail);
  });
}

function listCommand(): Command {
  return withOutput(withConnection(verb('list', 'Silences that hold now', 'silence'))).action(
    async (options: ConnectionOptions & OutputOptions) => {
      const client = connect(options);
      await printOrWatch(options.watch === true, async () => {
        const { silences } = await client.status();
        if (silences.length === 0) say(kind.none);
        return renderList(silences, kind, options.output);
      });
    },
  );
}
