/** `status`: the state in one sentence, then what it rests on. */
import type { Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { StatusResource } from '../../api/resources.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { renderOne } from '../output.ts';
import { out, suggest } from '../terminal.ts';
import { ago, clock, HEALTH_MARK, healthColor, percent } from '../text.ts';
import { printOrWatch } from '../watch.ts';

interface Options extends ConnectionOptions, OutputOptions {
  readonly check?: true;
}

export function register(program: Command): void {
  const command = verb('status', 'The state of the system in one sentence, and what it rests on').option(
    '--check',
    'exit with 2 unless the system is healthy',
  );
  withOutput(withConnection(command)).action(async (options: Options) => {
    const client = connect(options);
    let status: StatusResource | undefined;
    await printOrWatch(options.watch === true, async () => {
      status = await client.status();
      const current = status;
      return renderOne(current, current.system ?? 'none', options.output, () => statusText(current));
    });
    if (options.output === 'table' && status) await nextStep(client, status);
    if (options.check && status?.health !== 'healthy') process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}

export function statusText(status: StatusResource): string {
  const paint = healthColor(status.health, out);
  const lines = [`${paint(HEALTH_MARK[status.health])} ${out.bold(status.sentence)}`];
  const add = (title: string, text: string) => lines.push(`  ${out.dim(title.padEnd(12))} ${text}`);
  add('system', `${status.system ?? 'none yet'}, index ${status.index}, recovery ${status.mode}`);
  add('services', `${status.services.healthy} of ${status.services.total} healthy`);
  add('instances', `${status.instances.ready} of ${status.instances.total} ready`);
  if (status.openIncidents > 0) add('incidents', `${status.openIncidents} open`);
  const spent = status.budget.out.map(({ instance, why }) => `${instance} (${why})`);
  add('budget', `${spent.length} of ${status.budget.max} out${spent.length > 0 ? `: ${spent.join(', ')}` : ''}`);
  if (status.automationStopped) add('automation', out.yellow('stopped: nothing is repaired until `holdfast resume`'));
  for (const silence of status.silences) {
    add(
      'silence',
      `${silence.service ?? 'everything'} until ${clock(silence.untilAt)} (${silence.why || silence.who})`,
    );
  }
  if (status.node) {
    const { name, cpuShare, memoryShare, diskShare } = status.node;
    add('node', `${name}: cpu ${percent(cpuShare)}, memory ${percent(memoryShare)}, disk ${percent(diskShare)}`);
  }
  for (const part of status.parts) {
    const text = `${part.name} ${part.state}${part.pid === null ? '' : ` (pid ${part.pid})`} ${part.detail}`.trimEnd();
    add('part', part.state === 'running' ? text : out.yellow(text));
  }
  add('server', `${status.version}, up ${ago(status.startedAt, Date.parse(status.now))}, state in ${status.stateDir}`);
  for (const spot of status.blindSpots) add('blind spot', spot);
  return lines.join('\n');
}

async function nextStep(client: HoldfastClient, status: StatusResource): Promise<void> {
  if (status.openIncidents > 0) suggest('holdfast diagnose');
  else if (status.system === null) suggest('holdfast up -f compose.yaml');
  // Odd things that hurt nobody are not part of the state; where to find them is worth a line.
  else if ((await client.symptoms({ limit: 1 })).length > 0) suggest('holdfast get symptoms');
}
