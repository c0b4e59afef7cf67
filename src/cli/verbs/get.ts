/** `get KIND [ID…]`: lists of every kind of resource. */
import { Argument, type Command, Option } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { EventResource } from '../../api/resources.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import * as kinds from '../kinds.ts';
import { countArgument, type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { type Format, type Kind, pickById, renderList } from '../output.ts';
import { say } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

interface Options extends ConnectionOptions, OutputOptions {
  readonly state?: 'open' | 'closed' | 'all';
  readonly limit?: number;
}

interface Resource {
  render(client: HoldfastClient, ids: readonly string[], options: Options): Promise<{ text: string; none: string }>;
}

function resource<T>(
  word: string,
  kind: Kind<T>,
  fetch: (client: HoldfastClient, options: Options) => Promise<readonly T[]>,
): Resource {
  return {
    async render(client, ids, options) {
      const all = await fetch(client, options);
      const items = ids.length === 0 ? all : ids.map((id) => pickById(all, id, kind.name, word));
      return {
        text: await renderList(items, kind, options.output as Format),
        none: items.length === 0 ? kind.none : '',
      };
    },
  };
}

const limited = ({ limit }: Options) => (limit === undefined ? {} : { limit });

export const RESOURCES: Readonly<Record<string, Resource>> = {
  services: resource('service', kinds.services, (client) => client.services()),
  instances: resource('instance', kinds.instances, (client) => client.instances()),
  incidents: resource('incident', kinds.incidents, (client, options) =>
    client.incidents({ state: options.state ?? 'all', ...limited(options) }),
  ),
  symptoms: resource('symptom', kinds.symptoms, (client, options) =>
    client.symptoms({ state: options.state === 'all' ? 'all' : 'open', ...limited(options) }),
  ),
  changes: resource('change', kinds.changes, (client, options) => client.changes(limited(options))),
  edges: resource('edge', kinds.edges, (client) => client.edges()),
  plans: resource('action', kinds.plans, (client, options) =>
    client.actions({ state: options.state === 'open' ? 'open' : 'all', ...limited(options) }),
  ),
  events: resource('event', kinds.events, (client, options) => recentEvents(client, options.limit ?? 100)),
  proofs: resource('proof', kinds.proofs, (client, options) => client.proofs(limited(options))),
  schedules: resource('schedule', kinds.schedules, (client) => client.schedules()),
  silences: resource('silence', kinds.silences, async (client) => (await client.status()).silences),
};

export function register(program: Command): void {
  const command = verb(
    'get',
    'List services, instances, incidents, symptoms, changes, edges, plans, events, proofs, schedules or silences',
  )
    .addArgument(new Argument('<kind>', 'what to list').choices(Object.keys(RESOURCES)))
    .argument('[id...]', 'only these; any prefix that is not ambiguous')
    .addOption(
      new Option('--state <state>', 'incidents, symptoms and plans: only these').choices(['open', 'closed', 'all']),
    )
    .option('--limit <count>', 'at most so many', countArgument);
  withOutput(withConnection(command)).action(async (name: string, ids: string[], options: Options) => {
    const client = connect(options);
    await printOrWatch(options.watch === true, async () => {
      const { text, none } = await (RESOURCES[name] as Resource).render(client, ids, options);
      if (text === '' && none !== '') say(none);
      return text;
    });
  });
  program.addCommand(command);
}

/** The live view from its beginning, until it has caught up: silence means that there is no more. */
async function recentEvents(client: HoldfastClient, limit: number): Promise<readonly EventResource[]> {
  const stop = new AbortController();
  const events: EventResource[] = [];
  let caughtUp = setTimeout(() => stop.abort(), FIRST_EVENT_MS);
  for await (const message of client.events({ after: 0, signal: stop.signal })) {
    if (message.event !== 'core') continue;
    events.push(message.data);
    clearTimeout(caughtUp);
    caughtUp = setTimeout(() => stop.abort(), NEXT_EVENT_MS);
  }
  return events.slice(-limit);
}

const FIRST_EVENT_MS = 600;
const NEXT_EVENT_MS = 150;
