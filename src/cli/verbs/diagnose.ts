/**
 * `diagnose`: why the system is not well, now: every open incident with its causes and what is being done; or one
 * incident, also a closed one. With --prove the suspected cause is reversed, to see whether the damage goes with it;
 * with --prove --elsewhere the like of it is injected at a twin, to see whether the like damage comes with it.
 */
import type { Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { CauseOffer } from '../../api/proof-resources.ts';
import type { IncidentResource } from '../../api/resources.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { fold, widthOf } from '../fold.ts';
import { incidents as kind } from '../kinds.ts';
import {
  type ConfirmOptions,
  confirm,
  type DryRunOptions,
  durationArgument,
  type OutputOptions,
  verb,
  withConfirm,
  withConnection,
  withDryRun,
  withOutput,
  withReason,
} from '../options.ts';
import { pickById, renderList, renderOne } from '../output.ts';
import { prove as runProof } from '../proving.ts';
import { diagnoseFrom, type RecordedOptions, withRecorded } from '../recorded.ts';
import { tellIncident } from '../story.ts';
import { out, print, say, suggest } from '../terminal.ts';
import { patiently } from '../wait.ts';
import { printOrWatch } from '../watch.ts';

interface Options extends ConnectionOptions, OutputOptions, RecordedOptions, ConfirmOptions, DryRunOptions {
  readonly check?: true;
  readonly prove?: true;
  /** true: at a twin of the accused. */
  readonly elsewhere?: true | string;
  readonly timeout: Ms;
  readonly reason?: string;
}

const PROOF_POLL_MS = 500;
/** A server that is being restarted is back in this time. */
const AWAY_MS = 5_000;

export function register(program: Command): void {
  const command = verb(
    'diagnose',
    'Why the system is not well: open incidents with causes, evidence and plans; or recorded data',
  )
    .argument('[what]', 'an incident, or a service: only what touches it')
    .option('--check', 'exit with 2 when there is an open incident')
    .option(
      '--prove',
      'reverse the suspected cause of this incident, under the guard rails, and see what becomes of it',
    )
    .option(
      '--elsewhere [where]',
      'with --prove, when it is over: inject the like of it at a twin, or at this service or instance',
    )
    .option('--timeout <duration>', 'how long to wait for the proof (2m)', durationArgument, 120_000);
  const all = withDryRun(withConfirm(withReason(withOutput(withConnection(withRecorded(command))))));
  all.action(async (what: string | undefined, options: Options) => {
    if (options.from !== undefined) return diagnoseFrom(what, options);
    const client = connect(options);
    if (options.prove || options.elsewhere !== undefined) return prove(client, what, options);
    if (what !== undefined && (await isIncident(client, what))) return tellOne(client, what, options);
    // A name that nobody bears is no reason to say that all is well.
    if (what !== undefined) pickById(await client.services(), what, ({ name }) => name, 'service or incident');
    await tellOpen(client, what, options);
  });
  program.addCommand(command);
}

async function tellOpen(client: HoldfastClient, service: string | undefined, options: Options): Promise<void> {
  let count = 0;
  await printOrWatch(options.watch === true, async () => {
    const open = await client.incidents({ state: 'open' });
    const incidents = open.filter((incident) => !service || incident.services.includes(service));
    count = incidents.length;
    if (options.output !== 'table' && options.output !== 'wide') return renderList(incidents, kind, options.output);
    return fold(incidents.map((incident) => tellIncident(incident, out)).join('\n\n'), widthOf(process.stdout));
  });
  if (count === 0 && options.output === 'table') {
    say('No open incident.');
    suggest('holdfast get incidents --state closed');
  }
  if (options.check && count > 0) process.exitCode = EXIT.negative;
}

async function tellOne(client: HoldfastClient, id: string, options: Options): Promise<void> {
  await printOrWatch(options.watch === true, async () => {
    const incident = await client.incident(id);
    if (options.check && incident.closedAt === null) process.exitCode = EXIT.negative;
    return renderOne(incident, incident.id, options.output, () => tellIncident(incident, out));
  });
}

/** A service may be called like an incident only where somebody wants trouble: the service then wins. */
async function isIncident(client: HoldfastClient, what: string): Promise<boolean> {
  if ((await client.services()).some(({ name }) => name === what)) return false;
  return (await client.incidents({ state: 'all', limit: 500 })).some(({ id }) => id.startsWith(what));
}

async function prove(client: HoldfastClient, what: string | undefined, options: Options): Promise<void> {
  if (what === undefined)
    throw new HoldfastError('HF7002', 'say which incident is to be proved: diagnose INCIDENT --prove');
  const where = typeof options.elsewhere === 'string' ? options.elsewhere : undefined;
  const offer = await client.proofOffer(what, where);
  if (options.dryRun) return print(offerText(offer));
  if (options.elsewhere !== undefined) return inject(client, offer, where, options);
  const { id, proof: known } = await client.incident(what);
  if (known === null || known.verdict === 'inconclusive') {
    const { detail } = await client.operate({ kind: 'prove', incident: id }, options.reason ?? `prove ${id}`);
    say(detail);
  }
  const incident = await proofOf(client, id, options.timeout);
  print(await renderOne(incident, incident.id, options.output, () => tellIncident(incident, out)));
  if (incident.proof?.verdict !== 'confirmed') process.exitCode = EXIT.negative;
}

async function inject(
  client: HoldfastClient,
  { incident, injection }: CauseOffer,
  where: string | undefined,
  options: Options,
): Promise<void> {
  if (!injection.possible) {
    const remedy = `holdfast diagnose ${incident} --prove --dry-run says what can be done.`;
    throw new HoldfastError('HF8305', `${incident}: ${injection.text}`, { remedy });
  }
  say(`Would do: ${injection.text}.`);
  say(`Predicted: ${injection.prediction}.`);
  await confirm('Break it on purpose?', options);
  const why = options.reason ?? `prove the cause of ${incident}`;
  const run = { kind: 'cause', incident, on: where ?? null } as const;
  await runProof(client, { run, environment: {}, dryRun: false, why }, options);
}

function offerText({ incident, accused, mechanism, repair, injection }: CauseOffer): string {
  if (accused === null) return `${incident}: ${repair.text}`;
  const mark = (possible: boolean): string => (possible ? out.green('✓') : out.yellow('–'));
  return [
    `${incident}: ${accused}, ${mechanism}`,
    `${mark(repair.possible)} by reversing it: ${repair.text}`,
    `${mark(injection.possible)} by injecting it elsewhere: ${injection.text}`,
    ...(injection.prediction === null ? [] : [`  predicted: ${injection.prediction}`]),
  ].join('\n');
}

async function proofOf(client: HoldfastClient, id: string, timeoutMs: number): Promise<IncidentResource> {
  for (const until = performance.now() + timeoutMs; ; ) {
    const incident = await patiently(() => client.incident(id), AWAY_MS);
    const waits = incident.proof === null || incident.proof.verdict === 'pending';
    if (!waits || performance.now() > until) return incident;
    await new Promise((resolve) => setTimeout(resolve, PROOF_POLL_MS));
  }
}
