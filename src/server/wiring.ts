/**
 * Puts the parts of this machine together: the process runtime, the traffic process and the agent between them; and
 * what tells people elsewhere.
 */
import { join } from 'node:path';
import { Agent } from '../agent/agent.ts';
import { faultKinds } from '../agent/faults.ts';
import { parseIntake, parseScrape } from '../agent/telemetry/intakes.ts';
import type { TelemetryLimits } from '../agent/telemetry/limits.ts';
import { PortMemory } from '../agent/telemetry/port-memory.ts';
import { Telemetry } from '../agent/telemetry/telemetry.ts';
import type { AgentMessage } from '../model/link.ts';
import type { Notifier } from '../notify/contract.ts';
import { Notices } from '../notify/notices.ts';
import type { SeriesStore } from '../query/series-store.ts';
import { ProcessRuntime } from '../runtime/process/runtime.ts';
import type { Store } from '../store/contract.ts';
import type { AgentPort } from './agent-port.ts';
import type { Clock } from './clock.ts';
import { iso } from './mapping/facts.ts';
import { StoreLedger } from './notify-ledger.ts';
import type { ServerOptions } from './options.ts';
import type { OpenState } from './state.ts';
import { TrafficLink } from './traffic-link.ts';

export interface AgentWiring {
  readonly stateDir: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;
  readonly telemetry: Telemetry;
}

/** Listens for what was asked for. HF7002 for what is not understood, HF4001 for a port that is taken. */
export async function createTelemetry(
  { intake, scrape, stateDir }: Pick<ServerOptions, 'intake' | 'scrape' | 'stateDir'>,
  limits: TelemetryLimits,
  clock: Clock,
  kept: SeriesStore,
): Promise<Telemetry> {
  const [requests, targets] = [intake.map(parseIntake), scrape.map(parseScrape)];
  const telemetry = new Telemetry({
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    keep: (series, wallMs, value) => kept.add(series, wallMs, value),
    limits: limits.intake,
    series: limits.series,
    ports: new PortMemory(join(stateDir, 'intake-ports.json')),
  });
  await telemetry.open(requests);
  telemetry.scrape(targets);
  return telemetry;
}

export function createAgent({ stateDir, node, clock, log, telemetry }: AgentWiring): AgentPort {
  let tell: (message: AgentMessage) => void = () => undefined;
  const runtime = new ProcessRuntime({
    stateDir,
    now: () => clock.now(),
    report: (text) => log({ level: 'warn', text }),
  });
  const traffic = new TrafficLink(
    stateDir,
    clock.record.offsetMs,
    ({ version, failed }) => tell({ kind: 'routes-applied', node, version, failed }),
    () => undefined,
  );
  const agent = new Agent({ node, stateDir, runtime, traffic, clock, telemetry });
  return {
    async start(onMessage) {
      tell = onMessage;
      agent.onMessage(onMessage);
      await agent.start();
      // Not waited for: instances that need no endpoint do not need it, and the agent offers routes until it is there.
      traffic.connect().catch((error: unknown) => log({ level: 'error', text: `traffic: ${String(error)}` }));
    },
    command: (command) => agent.handle(command),
    heartbeat: (instance, pass, note) => agent.heartbeat(instance, pass, note),
    logs: (instance, options) => runtime.logs(instance, options),
    parts: () => [traffic.part()],
    faultKinds,
    residue: (faults) => agent.residue(faults),
    async close(end) {
      await agent.stop();
      await traffic.close(end);
    },
  };
}

export interface NoticeWiring {
  readonly notifiers: readonly Notifier[];
  readonly store: Store;
  readonly state: Pick<OpenState, 'core' | 'clock' | 'secrets'>;
  readonly log: AgentWiring['log'];
}

export function createNotices({ notifiers, store, state, log }: NoticeWiring): Promise<Notices> {
  const { core, clock, secrets } = state;
  return Notices.open({
    notifiers,
    ledger: new StoreLedger(store),
    source: {
      incidents: () => core.incidents,
      silences: () => core.silences,
      system: () => core.spec?.name ?? null,
      iso: (at) => iso(core, at),
      seal: secrets.seal,
    },
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    random: Math.random,
    log,
  });
}
