/** `down`: stops every instance, dependants first, and then the server; or the instances of one service only. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connect.ts';
import { stopServer } from '../daemon.ts';
import {
  type ConfirmOptions,
  confirmOnTerminal,
  type DryRunOptions,
  durationArgument,
  type ReasonOptions,
  verb,
  withConfirm,
  withConnection,
  withDryRun,
  withReason,
} from '../options.ts';
import { pickById } from '../output.ts';
import { Progress } from '../progress.ts';
import { say, tell } from '../terminal.ts';
import { plural } from '../text.ts';

interface Options extends ConnectionOptions, ReasonOptions, ConfirmOptions, DryRunOptions {
  readonly keepInstances?: true;
  readonly timeout: number;
}

export function register(program: Command): void {
  const command = verb('down', 'Stop everything, the server included')
    .argument('[service]', 'stop only the instances of this service; the server goes on')
    .option('--keep-instances', 'stop the server only: instances and traffic go on')
    .option('--timeout <duration>', 'how long to wait', durationArgument, 120_000);
  withDryRun(withConfirm(withReason(withConnection(command)))).action(down);
  program.addCommand(command);
}

async function down(service: string | undefined, options: Options): Promise<void> {
  const client = connect(options);
  const status = await client.status();
  if (service !== undefined) {
    const { name, instances } = pickById(await client.services(), service, (each) => each.name, 'service');
    if (options.dryRun) return tell(`would stop ${plural(instances.length, 'instance')} of ${name}`);
    await confirmOnTerminal(`Stop ${plural(instances.length, 'instance')} of ${name}?`, options);
    return say((await client.operate({ kind: 'down', service: name }, options.reason ?? `down ${name}`)).detail);
  }
  const what = options.keepInstances
    ? `the server (pid ${status.pid}), keeping ${plural(status.instances.total, 'instance')}`
    : `${plural(status.instances.total, 'instance')} of ${status.system ?? 'no system'} and the server`;
  if (options.dryRun) return tell(`would stop ${what}`);
  await confirmOnTerminal(`Stop ${what}?`, options);
  const progress = new Progress(`stopping ${what}`);
  try {
    await stopServer(client, status.pid, {
      down: options.keepInstances !== true,
      why: options.reason ?? 'down',
      timeoutMs: options.timeout,
    });
    progress.end(`stopped ${what}`);
  } catch (error) {
    progress.end();
    throw error;
  }
}
