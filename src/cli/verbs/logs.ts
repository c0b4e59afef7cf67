/** `logs TARGET…`: what instances wrote; a service's instances side by side, each line with its writer. */
import type { Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { countArgument, verb, withConnection } from '../options.ts';
import { pickById } from '../output.ts';
import { out, print } from '../terminal.ts';

interface Options extends ConnectionOptions {
  readonly follow?: true;
  readonly tail: number;
}

export function register(program: Command): void {
  const command = verb('logs', 'What instances wrote')
    .argument('<target...>', 'services or instances')
    .option('-f, --follow', 'go on with what is written from now on')
    .option('-n, --tail <lines>', 'begin with so many lines of each instance', countArgument, 50);
  withConnection(command).action(async (targets: string[], options: Options) => {
    const client = connect(options);
    const ids = await instancesOf(client, targets);
    const width = Math.max(...ids.map((id) => id.length));
    const read = async (id: string): Promise<void> => {
      const prefix = ids.length === 1 ? '' : `${out.cyan(id.padEnd(width))} │ `;
      for await (const line of client.logs(id, { tail: options.tail, follow: options.follow === true })) {
        print(`${prefix}${line}`);
      }
    };
    // Followed together; read one after the other, so that each instance's lines stay together.
    if (options.follow) await Promise.all(ids.map(read));
    else for (const id of ids) await read(id);
  });
  program.addCommand(command);
}

async function instancesOf(client: HoldfastClient, targets: readonly string[]): Promise<string[]> {
  const services = await client.services();
  const all = services.flatMap((service) => service.instances.map((instance) => instance.id));
  return targets.flatMap((target) => {
    const service = services.find((each) => each.name === target);
    return service ? service.instances.map((instance) => instance.id) : [pickById(all, target, (id) => id, 'instance')];
  });
}
