/** The ControlPlane over a running daemon: reads are mapped from the core, writes are inputs of it. */
import type { CoreInput, CoreOutput } from '../core/contract.ts';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';
import { HoldfastError } from '../model/errors.ts';
import { commandNotices, oneError, parse, planOf, takenPorts } from './changes.ts';
import type { ControlPlane, ProvingPlane } from './control-plane.ts';
import type { Daemon } from './daemon.ts';
import type { StopNote } from './journal-view.ts';
import { journalEntryResource } from './journal-view.ts';
import { auditResource } from './mapping/audit.ts';
import { edgeResources } from './mapping/edges.ts';
import {
  actionResources,
  changeResources,
  findIncident,
  incidentResource,
  incidentResources,
} from './mapping/incidents.ts';
import { instanceResources } from './mapping/instances.ts';
import { serviceResources } from './mapping/services.ts';
import { statusResource } from './mapping/status.ts';
import { symptomResources } from './mapping/symptoms.ts';
import { metricsText } from './metrics/metrics.ts';
import { type CoreFactory, Replay, replayAll, verification } from './replay.ts';

export interface PlaneOptions {
  readonly daemon: Daemon;
  readonly proving: ProvingPlane;
  readonly cores: CoreFactory;
}

type Accepted = Extract<CoreOutput, { ok: true }>;

/** Throws the core's refusal. */
export async function askCore(daemon: Daemon, input: CoreInput): Promise<Accepted> {
  // Rather refused at once than accepted and not acknowledged before the caller gave up.
  if (daemon.journalError !== null) throw daemon.journalError;
  const reply = await daemon.engine.submit(input);
  if (reply === null) throw new HoldfastError('HF9000', `the core gave no reply to ${input.kind}`);
  if (reply.ok) return reply;
  throw new HoldfastError(reply.code in ERROR_CODES ? (reply.code as ErrorCode) : 'HF9000', reply.message);
}

export function controlPlane({ daemon, cores, proving }: PlaneOptions): ControlPlane {
  const { core, journal, secrets } = daemon.state;

  const ask = (input: CoreInput): Promise<Accepted> => askCore(daemon, input);

  return {
    status: () => statusResource(daemon.moment()),
    services: () => serviceResources(daemon.moment()),
    instances: () => instanceResources(daemon.moment()),
    edges: () => edgeResources(daemon.moment()),
    audit: () => auditResource(daemon.moment()),
    incidents: (state, limit) => incidentResources(core, state, limit),
    incident: (id) => incidentResource(core, findIncident(core, id)),
    symptoms: (state, limit) => symptomResources(core, state, limit),
    actions: (state, limit) => actionResources(core, state, limit),
    changes: (limit) => changeResources(core, limit),
    events: (afterSeq) => daemon.events.after(afterSeq),
    subscribe: (listener) => daemon.topics.subscribe(listener),
    proving,
    metrics: () => metricsText(daemon.moment(), daemon.tally, daemon.figures()),
    heartbeat: (instance, pass, note) => daemon.agent.heartbeat(instance, pass, note),
    logs: (instance, options) => daemon.agent.logs(instance, options),

    plan: (source) => planOf(source, core),

    async apply(source, index, { who, why }) {
      const parsed = parse(source);
      const taken = oneError(await takenPorts(core, parsed));
      if (taken !== null) throw taken;
      await secrets.learn(parsed.spec);
      const change = { who, why, expectIndex: index };
      const { detail, id } = await ask({ kind: 'apply', spec: parsed.spec, change });
      const notices = [...parsed.notices, ...commandNotices(parsed)];
      return { change: id, index: core.index, detail, notices };
    },

    async operate(command, { who, why }) {
      const { detail, id } = await ask({ kind: 'operator', command, who, why });
      // The core has ended the faults already; without this their run would go on without them.
      if (command.kind === 'stop-all' || command.kind === 'down') await proving.stop({ who, why });
      return { detail, id };
    },

    async journal(afterSeq, limit) {
      await daemon.engine.sweep();
      const from = afterSeq === null ? journal.lastSeq - limit + 1 : afterSeq + 1;
      const entries = [];
      for (const entry of journal.read(Math.max(1, from))) {
        entries.push(journalEntryResource(entry));
        if (entries.length >= limit) break;
      }
      return entries;
    },

    async verifyJournal(withReplay) {
      await daemon.engine.sweep();
      const chain = await journal.verify();
      if (!withReplay) return verification(chain, null);
      const replay = new Replay(cores, secrets);
      await replayAll(journal.read(journal.starts[0] ?? journal.firstSeq), replay);
      return verification(chain, replay);
    },

    async shutdown(down, { who, why }) {
      const text = down ? 'the server stops everything' : 'the server stops; instances go on';
      await proving.stop({ who, why });
      const note: StopNote = { text, who, why };
      await daemon.engine.note('stop', note);
      if (!down || core.spec === null) return;
      await ask({ kind: 'operator', command: { kind: 'down', service: null }, who, why });
      await allEnded(daemon);
    },
  };
}

/** Longest that stopping everything may take before the caller is told what still runs. */
const STOP_LIMIT_MS = 120_000;
const POLL_MS = 50;

async function allEnded(daemon: Daemon): Promise<void> {
  const { clock, core } = daemon.state;
  const deadline = clock.now() + STOP_LIMIT_MS;
  for (;;) {
    const alive = [...core.instances.values()].filter(({ phase }) => phase !== 'exited' && phase !== 'pending');
    if (alive.length === 0) return;
    if (clock.now() > deadline) {
      throw new HoldfastError('HF3009', `still running: ${alive.map(({ id }) => id).join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
