/** `diagnose`: why the system is not well, now: every open incident with its causes and what is being done. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { incidents as kind } from '../kinds.ts';
import { type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { renderList } from '../output.ts';
import { diagnoseFrom, type RecordedOptions, withRecorded } from '../recorded.ts';
import { tellIncident } from '../story.ts';
import { out, say, suggest } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

interface Options extends ConnectionOptions, OutputOptions, RecordedOptions {
  readonly check?: true;
}

export function register(program: Command): void {
  const command = verb(
    'diagnose',
    'Why the system is not well: open incidents with causes, evidence and plans; or recorded data',
  )
    .argument('[service]', 'only what touches this service')
    .option('--check', 'exit with 2 when there is an open incident');
  withOutput(withConnection(withRecorded(command))).action(async (service: string | undefined, options: Options) => {
    if (options.from !== undefined) return diagnoseFrom(service, options);
    const client = connect(options);
    let count = 0;
    await printOrWatch(options.watch === true, async () => {
      const open = await client.incidents({ state: 'open' });
      const incidents = open.filter((incident) => !service || incident.services.includes(service));
      count = incidents.length;
      if (options.output !== 'table' && options.output !== 'wide') return renderList(incidents, kind, options.output);
      return incidents.map((incident) => tellIncident(incident, out)).join('\n\n');
    });
    if (count === 0 && options.output === 'table') {
      say('No open incident.');
      suggest('holdfast get incidents --state closed');
    }
    if (options.check && count > 0) process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}
