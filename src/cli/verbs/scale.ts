/** `scale SERVICE=N…`: how many replicas run from now on. */
import type { Command } from 'commander';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { type DryRunOptions, type ReasonOptions, verb, withConnection, withDryRun, withReason } from '../options.ts';
import { pickById } from '../output.ts';
import { tell } from '../terminal.ts';

type Options = ConnectionOptions & ReasonOptions & DryRunOptions;

export function register(program: Command): void {
  const command = verb('scale', 'Change how many replicas run').argument('<service=replicas...>', 'e.g. payments=5');
  withDryRun(withReason(withConnection(command))).action(async (given: string[], options: Options) => {
    const wanted = given.map(parseScale);
    const client = connect(options);
    const services = await client.services();
    for (const { name, replicas } of wanted) {
      const service = pickById(services, name, (each) => each.name, 'service');
      if (options.dryRun) {
        tell(`would scale ${service.name} from ${service.replicas} to ${replicas}`);
        continue;
      }
      const why = options.reason ?? `scale ${service.name}=${replicas}`;
      tell((await client.operate({ kind: 'scale', service: service.name, replicas }, why)).detail);
    }
  });
  program.addCommand(command);
}

function parseScale(text: string): { name: string; replicas: number } {
  const match = /^([^=]+)=(\d{1,5})$/.exec(text);
  if (!match) throw new HoldfastError('HF7002', `"${text}" is not SERVICE=REPLICAS`, { remedy: 'Write payments=3.' });
  return { name: match[1] as string, replicas: Number(match[2]) };
}
