/** `describe KIND ID`: everything about one thing; an incident is told as a story. */
import { Argument, type Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { ProofDetail, ProofResource } from '../../api/proof-resources.ts';
import type { ChangeResource, InstanceResource, ServiceResource, SymptomResource } from '../../api/resources.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { edges, exitText, instances, standingText } from '../kinds.ts';
import { type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { pickById, renderList, renderOne } from '../output.ts';
import { tellIncident } from '../story.ts';
import { figureText, symptomText } from '../symptom.ts';
import { out } from '../terminal.ts';
import { after, ago, bytes, clock, healthColor } from '../text.ts';
import { printOrWatch } from '../watch.ts';

type Options = ConnectionOptions & OutputOptions;
type Describe = (client: HoldfastClient, id: string, options: Options) => Promise<string>;

const DESCRIBE: Readonly<Record<string, Describe>> = {
  async incident(client, id, { output }) {
    const incident = await client.incident(id);
    const elsewhere = (await client.proofs({ limit: 500 })).filter(({ cause }) => cause?.incident === incident.id);
    return renderOne(incident, incident.id, output, () =>
      [tellIncident(incident, out), ...elsewhereLines(elsewhere)].join('\n'),
    );
  },
  async service(client, id, { output }) {
    const service = pickById(await client.services(), id, ({ name }) => name, 'service');
    const text = output === 'table' || output === 'wide' ? await serviceText(client, service) : '';
    return renderOne(service, service.name, output, () => text);
  },
  async instance(client, id, { output }) {
    const instance = pickById(await client.instances(), id, (each) => each.id, 'instance');
    return renderOne(instance, instance.id, output, () => instanceText(instance));
  },
  async symptom(client, id, { output }) {
    const symptom = pickById(await client.symptoms({ state: 'all', limit: 1_000 }), id, (each) => each.id, 'symptom');
    return renderOne(symptom, symptom.id, output, () => symptomText(symptom));
  },
  async change(client, id, { output }) {
    const change = pickById(await client.changes(), id, (each) => each.id, 'change');
    return renderOne(change, change.id, output, () => changeText(change));
  },
  async proof(client, id, { output }) {
    const proof = await client.proof(id);
    return renderOne(proof, proof.id, output, () => proofText(proof));
  },
};

export function register(program: Command): void {
  const command = verb('describe', 'Everything about one incident, service, instance, symptom, change or proof')
    .addArgument(new Argument('<kind>', 'what it is').choices(Object.keys(DESCRIBE)))
    .argument('<id>', 'its id, or any prefix that is not ambiguous');
  withOutput(withConnection(command)).action(async (kind: string, id: string, options: Options) => {
    const client = connect(options);
    await printOrWatch(options.watch === true, () => (DESCRIBE[kind] as Describe)(client, id, options));
  });
  program.addCommand(command);
}

/** Runs that injected the like of the suspected cause, newest first. */
function elsewhereLines(proofs: readonly ProofResource[]): readonly string[] {
  if (proofs.length === 0) return [];
  const lines = proofs.flatMap(({ id, state, cause }) => [
    `  ${id} on ${cause?.target}: ${cause?.verdict ?? (state === 'done' ? 'inconclusive' : state)}`,
    `    predicted: ${cause?.predicted}`,
    ...(cause?.measured ? [`    measured: ${cause.measured}`] : []),
  ]);
  return ['', out.bold('Proved by injecting the like of it'), ...lines];
}

function fields(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([title]) => title.length));
  return rows.map(([title, text]) => `  ${out.dim(title.padEnd(width))}  ${text}`).join('\n');
}

async function serviceText(client: HoldfastClient, service: ServiceResource): Promise<string> {
  const [allEdges, incidents, symptoms] = await Promise.all([
    client.edges(),
    client.incidents({ limit: 5 }),
    client.symptoms({ state: 'open', limit: 1_000 }),
  ]);
  const own = allEdges.filter(({ caller, callee }) => caller === service.name || callee === service.name);
  const recent = incidents.filter((incident) => incident.services.includes(service.name));
  const rollout = service.rollout;
  const parts = [
    `${out.bold(service.name)} is ${healthColor(service.health, out)(service.health)}`,
    fields([
      ['ready', `${service.ready} of ${service.replicas}`],
      ['revision', service.revision ?? '-'],
      ['rollout', rollout ? `${rollout.state} ${rollout.done}/${rollout.total} (${rollout.change})` : 'none'],
      [
        'endpoints',
        service.endpoints.map(({ address, port, protocol }) => address ?? `${protocol} ${port}, inside`).join(' '),
      ],
      ...failoverRows(service),
      ['depends on', service.dependsOn.join(', ') || '-'],
      ['needed by', service.dependents.join(', ') || '-'],
    ]),
    `\n${out.bold('Instances')}\n${await renderList(service.instances, instances, 'table')}`,
  ];
  const ill = symptoms.filter(({ entity }) => concerns(entity, service.name));
  if (ill.length > 0) parts.push(`\n${out.bold('Symptoms')}\n${ill.map(illText).join('\n')}`);
  if (own.length > 0) parts.push(`\n${out.bold('Edges')}\n${await renderList(own, edges, 'table')}`);
  if (recent.length > 0) {
    const lines = recent.map(({ id, status, openedAt, title }) => `  ${id}  ${status}  ${clock(openedAt)}  ${title}`);
    parts.push(`\n${out.bold('Incidents')}\n${lines.join('\n')}`);
  }
  return parts.join('\n');
}

function concerns(entity: SymptomResource['entity'], service: string): boolean {
  if (entity.kind === 'instance') return entity.service === service;
  return entity.kind === 'service' && entity.name === service;
}

function illText(symptom: SymptomResource): string {
  const { summary, onsetAt, figure } = symptom;
  const lines = [`  ${summary} ${out.dim(`(${standingText(symptom)}, since ${clock(onsetAt)})`)}`];
  if (figure) lines.push(...figureText(figure).map((line) => `    ${line}`));
  return lines.join('\n');
}

function failoverRows({ failover }: ServiceResource): (readonly [string, string])[] {
  if (failover === null) return [];
  const { engine, token, holder, since, previous, caughtUp } = failover;
  const before = previous === null ? '' : `, before it ${previous}`;
  return [
    ['primary', `${holder} by fencing token ${token}, for ${ago(since)}${before} (${engine})`],
    ['caught up', caughtUp.join(', ') || 'nobody: no standby could take over without loss'],
  ];
}

function instanceText(instance: InstanceResource): string {
  const { lastExit } = instance;
  const ports = Object.entries(instance.ports).map(([name, port]) => `${name} → 127.0.0.1:${port}`);
  const text = [
    `${out.bold(instance.id)} is ${instance.phase}${instance.ready ? ', ready' : ''}${instance.ejected ? ', ejected' : ''}`,
    fields([
      ['service', instance.service],
      ...(instance.role ? [['role', instance.role] as const] : []),
      ['node', instance.node],
      ['pid', String(instance.pid ?? '-')],
      ['life', `incarnation ${instance.incarnation}, restarts ${instance.restarts}, up ${ago(instance.startedAt)}`],
      ['ports', ports.join(', ') || '-'],
      [
        'memory',
        `${bytes(instance.memoryBytes)} of ${instance.memoryLimitBytes ? bytes(instance.memoryLimitBytes) : 'no limit'}`,
      ],
      ['cpu', instance.cpuCores === null ? '-' : `${instance.cpuCores.toFixed(2)} cores`],
      ['revision', instance.revision],
      ...(instance.waitingFor ? [['waits for', instance.waitingFor] as const] : []),
    ]),
  ];
  if (lastExit) {
    text.push(`\n${out.bold('Last exit')}: ${exitText(lastExit)}, ${ago(lastExit.at)} ago`);
    text.push(...lastExit.lastOutput.map((line) => `  ${out.dim('│')} ${line}`));
  }
  return text.join('\n');
}

function changeText(change: ChangeResource): string {
  return [
    `${out.bold(change.id)}: ${change.kind} of ${change.services.join(', ')}`,
    fields([
      ['at', change.at],
      ['who', change.who],
      ['why', change.why || '-'],
    ]),
    ...change.content.map((line) => `  ${line}`),
  ].join('\n');
}

function proofText(proof: ProofDetail): string {
  const { id, suite, source, who, why, startedAt, endedAt, progress, earlier } = proof;
  const parts = [
    `${out.bold(id)} of ${suite}, from ${source}`,
    fields([
      ['who', who],
      ['why', why || '-'],
      ['from', startedAt ?? '-'],
      ['to', endedAt ?? '-'],
    ]),
    `\n${proof.text}`,
  ];
  if (progress.length > 0) {
    parts.push(`\n${out.bold('Course')}`, ...progress.map(({ at, text }) => `  ${clock(at)} ${text}`));
  }
  if (earlier.length > 0) {
    const lines = earlier.map(
      (one) =>
        `  ${one.id} ${one.verdict}, detected ${after(one.detectedAfterMs)}, repaired ${after(one.repairedAfterMs)}, ${ago(one.endedAt)} ago`,
    );
    parts.push(`\n${out.bold('Before')}`, ...lines);
  }
  return parts.join('\n');
}
