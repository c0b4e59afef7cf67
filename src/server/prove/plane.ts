/** The proving part of the control plane: what was asked becomes runs, and records become resources. */
import { parse as parseYaml } from 'yaml';
import type {
  CoverageResource,
  ExperimentFile,
  FaultResource,
  FaultsResource,
  ProofDetail,
  ProofRequest,
  ProofResource,
  ProofStarted,
} from '../../api/proof-resources.ts';
import type { Core } from '../../core/contract.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type FaultCommand, type FaultKindFacts, type FaultState, isOver } from '../../model/fault.ts';
import type { Ms } from '../../model/time.ts';
import { SETTLE_MS } from '../../prove/catalogue/index.ts';
import {
  type FaultCatalogue,
  type Files,
  filesNamed,
  formatPath,
  lacksFile,
  type ParsedExperiment,
  parseExperiment,
} from '../../prove/experiment/index.ts';
import { describe, grid, junit, trend, type Verdict } from '../../prove/judge/index.ts';
import type { Actor, ProvingPlane } from '../control-plane.ts';
import { iso } from '../mapping/facts.ts';
import { catalogueOf, closedServices, knownKinds } from './catalogue.ts';
import { experimentOfCause, offerOf, testOf } from './cause.ts';
import { withClients } from './consistency.ts';
import { exploration } from './exploration.ts';
import { heldFaults } from './held.ts';
import type { ProofRecord } from './ledger.ts';
import { checkPartitions } from './partitions.ts';
import type { Order, Proofs } from './proofs.ts';
import type { Schedules } from './schedules.ts';

export interface ProvingOptions {
  readonly core: Core;
  /** Through the journal; throws the core's refusal. */
  readonly order: (command: FaultCommand, actor: Actor) => Promise<void>;
  readonly proofs: Proofs;
  readonly schedules: Schedules;
  readonly kinds: () => readonly FaultKindFacts[];
  readonly now: () => Ms;
}

/** Of files that say nothing else. */
const FILE_SETTLE_MS: Ms = 60_000;
const MACHINE = '(machine)';
const LIVE_SHOWN = 50;

export function provingPlane(parts: ProvingOptions): ProvingPlane {
  const { core, proofs, schedules, kinds, now } = parts;
  const list = (limit: number): readonly ProofResource[] =>
    proofs.records
      .filter(({ dryRun }) => !dryRun)
      .slice(-limit)
      .reverse()
      .map((record) => proofResource(record, proofs.before(record)?.verdict ?? null));
  const running = (): readonly FaultResource[] =>
    core.faults.filter((fault) => !isOver(fault)).map((fault) => faultResource(core, fault));

  return {
    list,
    one: (id) => detailOf(proofs, find(proofs, id)),
    start: (request, actor) => startProofs(request, actor, parts),
    schedules: () => schedules.list(),
    schedule: ({ name, when, request }, actor) => schedules.put(name, when, request, actor),
    unschedule: async (name) => {
      await schedules.remove(name);
      return { detail: `${name} does not recur any more` };
    },
    async stop({ who, why }) {
      const count = proofs.stop(why === '' ? `stopped by ${who}` : `stopped by ${who}: ${why}`);
      return { detail: count === 0 ? 'no experiment is under way' : `${count} runs end, faults first` };
    },
    offer: (incident, on) => offerOf(core, kinds(), incident, on, now()),
    faults: (): FaultsResource => ({ kinds: kinds(), running: running() }),
    ...heldFaults({ core, order: parts.order, kinds, told: (fault) => faultResource(core, fault) }),
    coverage: () => coverageOf(core, proofs, kinds()),
    // Sent to every reader with each line of progress: the evidence is asked for by whoever looks at one.
    live: () => ({
      running: running(),
      proofs: list(LIVE_SHOWN).map((proof) => ({ ...proof, findings: [], progress: proof.progress.slice(-1) })),
    }),
  };
}

export async function startProofs(
  request: ProofRequest,
  actor: Actor,
  { core, proofs, kinds, now }: Omit<ProvingOptions, 'schedules' | 'order'>,
): Promise<ProofStarted> {
  const { run } = request;
  if (run.kind === 'explore') {
    const records = await proofs.explore(exploration(request, run, core, proofs, kinds()), actor);
    if (records.length === 0) throw new HoldfastError('HF8305', 'no fault fits');
    return { suite: records[0]?.suite ?? '', proofs: records.map(({ id }) => id), notices: [] };
  }
  const { orders, notices } =
    run.kind === 'cause'
      ? { orders: [causeOrder(request, run, core, kinds(), now())], notices: [] }
      : ordersOf(request, run, core, kinds());
  for (const order of orders) {
    demandFiles(order);
    checkPartitions(core, order.experiment);
  }
  const records = await proofs.start(orders, actor);
  return { suite: records[0]?.suite ?? '', proofs: records.map(({ id }) => id), notices };
}

/** Whoever asks has read them: the server opens no file for a client. */
function demandFiles({ experiment, source, files = {} }: Order): void {
  const lacking = filesNamed(experiment).filter((path) => !Object.hasOwn(files, path));
  if (lacking.length > 0) throw lacksFile(`${source}: ${lacking.join(', ')} was not handed over`);
}

/** Can it be read, and is there anything to do? Throws what asking for it would. */
export function checkProofs(request: ProofRequest, core: Core, kinds: readonly FaultKindFacts[]): void {
  const { run } = request;
  if (run.kind === 'cause') throw new HoldfastError('HF6004', 'an incident does not recur: prove its cause now');
  if (run.kind === 'explore') return;
  for (const { experiment, source } of ordersOf(request, run, core, kinds).orders) {
    const [file] = filesNamed(experiment);
    if (file === undefined) continue;
    // A schedule is kept on disk, and nobody is there to read the file when it is due.
    throw new HoldfastError('HF6004', `${source}: what is in ${file} is not kept for a schedule`, {
      remedy: "Write type: env, and give the variable to the server's own environment.",
    });
  }
}

function ordersOf(
  { environment, dryRun, workload }: ProofRequest,
  run: Exclude<ProofRequest['run'], { kind: 'explore' | 'cause' }>,
  core: Core,
  kinds: readonly FaultKindFacts[],
): { readonly orders: readonly Order[]; readonly notices: readonly string[] } {
  const known = knownKinds(kinds);
  const order = (parsed: ParsedExperiment, source: string, directory: string, settleMs: Ms, files?: Files): Order => ({
    experiment: withClients(parsed.experiment, workload),
    source,
    directory,
    environment,
    dryRun,
    settleMs,
    ...(files ? { files } : {}),
  });
  if (run.kind === 'experiments') {
    const parsed = run.files.map((file) => ({ file, parsed: readExperiment(file, known) }));
    return {
      orders: parsed.map(({ file, parsed: one }) => order(one, file.file, file.baseDir, FILE_SETTLE_MS, file.contents)),
      notices: parsed.flatMap(({ file, parsed: one }) =>
        one.notices.map(({ path, text }) => `${file.file}: ${formatPath(path)} ${text}`),
      ),
    };
  }
  const { cells, left } = catalogueOf(core, kinds, run);
  const notices = left.map(({ kind, service, why }) => `left out: ${kind} on ${service ?? 'any'}: ${why}`);
  if (cells.length === 0) {
    const closed = closedServices(core);
    const why = closed.length > 0 ? `${closed.join(', ')} did not opt in` : 'no fault fits';
    throw new HoldfastError('HF8305', [why, ...notices].join('; '));
  }
  return {
    orders: cells.map(({ experiment }) =>
      order(parseExperiment(experiment, { kinds: known }), 'catalogue', core.spec?.baseDir ?? '/', SETTLE_MS),
    ),
    notices,
  };
}

function causeOrder(
  { environment, dryRun }: ProofRequest,
  { incident, on }: Extract<ProofRequest['run'], { kind: 'cause' }>,
  core: Core,
  kinds: readonly FaultKindFacts[],
  now: Ms,
): Order {
  const cause = testOf(core, kinds, incident, on, now);
  const { experiment } = parseExperiment(experimentOfCause(cause), { kinds: knownKinds(kinds) });
  const directory = core.spec?.baseDir ?? '/';
  return { experiment, source: 'cause', directory, environment, dryRun, settleMs: SETTLE_MS, cause };
}

function readExperiment({ file, text }: ExperimentFile, kinds: FaultCatalogue): ParsedExperiment {
  let value: unknown;
  try {
    // JSON is YAML too.
    value = parseYaml(text);
  } catch (error) {
    throw new HoldfastError('HF8101', `${file}: ${(error as Error).message.split('\n')[0]}`);
  }
  try {
    return parseExperiment(value, { kinds });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { code, message, remedy, others } = error;
    throw new HoldfastError(code, `${file}: ${message}`, { remedy, others });
  }
}

function coverageOf(core: Core, proofs: Proofs, kinds: readonly FaultKindFacts[]): CoverageResource {
  const { cells, left } = catalogueOf(core, kinds, { faults: [], services: [] });
  const columns = [...new Set(cells.map(({ service }) => service ?? MACHINE))];
  const rows = [...new Set(cells.map(({ kind }) => kind))];
  const newest = new Map<string, { kind: string; service: string; verdict: Verdict['verdict']; proof: string }>();
  for (const { id, verdict } of proofs.records) {
    // What two faults did together says little about either.
    if (verdict === null || verdict.faults.length !== 1) continue;
    const [fault] = verdict.faults;
    if (!fault) continue;
    const service = fault.service ?? MACHINE;
    newest.set(`${fault.kind} ${service}`, { kind: fault.kind, service, verdict: verdict.verdict, proof: id });
  }
  const shown = [...newest.values()].filter(({ kind, service }) => rows.includes(kind) && columns.includes(service));
  const latest = proofs.records.flatMap(({ id, verdict }) =>
    verdict !== null && shown.some(({ proof }) => proof === id) ? [onMachine(verdict)] : [],
  );
  const open = cells.map(({ kind, service }) => ({ kind, service: service ?? MACHINE }));
  return { kinds: rows, services: columns, cells: shown, open, left, grid: grid(latest, rows, columns) };
}

function onMachine(verdict: Verdict): Verdict {
  return { ...verdict, faults: verdict.faults.map(({ kind, service }) => ({ kind, service: service ?? MACHINE })) };
}

function faultResource(core: Core, { id, kind, experiment, askedAt, deadline, targets }: FaultState): FaultResource {
  return {
    id,
    kind,
    proof: experiment,
    askedAt: iso(core, askedAt),
    leaseEndsAt: iso(core, deadline),
    targets: targets.map(({ instance, service, from, phase, bite, end }) => ({
      instance,
      service,
      ...(from === undefined ? {} : { from }),
      phase,
      bite,
      end: end === null ? null : end.detail === '' ? end.reason : `${end.reason}: ${end.detail}`,
      residue: end?.residue ?? [],
    })),
  };
}

function proofResource(record: ProofRecord, before: Verdict | null): ProofResource {
  const { id, suite, title, source, state, dryRun, who, why, askedAt, startedAt, endedAt, verdict, progress } = record;
  return {
    id,
    suite,
    experiment: title,
    source,
    state,
    dryRun,
    who,
    why,
    askedAt,
    startedAt,
    endedAt,
    verdict: verdict?.verdict ?? null,
    summary: verdict?.summary ?? null,
    halted: verdict?.halted ?? false,
    detectedAfterMs: verdict?.detectedAfterMs ?? null,
    repairedAfterMs: verdict?.repairedAfterMs ?? null,
    blamed: verdict?.blamed ?? null,
    faultClass: verdict?.faultClass ?? null,
    durationMs: verdict?.durationMs ?? null,
    faults: verdict?.faults ?? [],
    findings: verdict?.findings ?? [],
    actions: verdict?.actions ?? [],
    progress,
    trend: verdict === null ? null : trend(before, verdict),
    cause: causeResource(record),
  };
}

function causeResource({ cause, verdict }: ProofRecord): ProofResource['cause'] {
  if (!cause) return null;
  const { incident, accused, target, prediction } = cause;
  return {
    incident,
    accused,
    target,
    predicted: prediction.text,
    verdict: verdict?.cause?.verdict ?? (verdict === null ? null : 'inconclusive'),
    measured: verdict?.cause?.measured ?? null,
  };
}

function detailOf(proofs: Proofs, record: ProofRecord): ProofDetail {
  const { verdict, suite } = record;
  const together = proofs.records.filter((one) => one.suite === suite).flatMap((one) => one.verdict ?? []);
  const earlier = proofs.records
    .filter(({ title, serial }) => title === record.title && serial < record.serial)
    .flatMap(({ id, endedAt, verdict: past }) =>
      past === null
        ? []
        : [
            {
              id,
              endedAt,
              verdict: past.verdict,
              detectedAfterMs: past.detectedAfterMs,
              repairedAfterMs: past.repairedAfterMs,
            },
          ],
    );
  return {
    ...proofResource(record, proofs.before(record)?.verdict ?? null),
    text: verdict === null ? record.progress.map(({ text }) => text).join('\n') : describe(verdict),
    junit: junit('holdfast', together),
    next: proofs.records.find((one) => one.suite === suite && one.serial > record.serial)?.id ?? null,
    more: proofs.isOpen(suite),
    discoveries: proofs.discoveriesOf(suite),
    earlier: earlier.reverse().slice(0, 20),
  };
}

function find(proofs: Proofs, id: string): ProofRecord {
  const exact = proofs.record(id);
  if (exact) return exact;
  const starting = proofs.records.filter((record) => record.id.startsWith(id));
  if (starting.length === 1) return starting[0] as ProofRecord;
  if (starting.length > 1) throw new HoldfastError('HF7003', `"${id}" could be ${starting.length} proofs`);
  throw new HoldfastError('HF6005', `there is no proof ${id}`, { remedy: 'List them with `holdfast get proofs`.' });
}
