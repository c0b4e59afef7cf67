/** Runs one case of the matrix on a running system and says what came of it. */
import type { ActionResource, IncidentResource } from '../../../src/api/resources.ts';
import { tellIncident } from '../../../src/cli/story.ts';
import { styleFor } from '../../../src/cli/terminal.ts';
import { type LoadSummary, monotonicMs } from '../load.ts';
import type { Loaded } from '../sample-systems.ts';
import { pause, type TestSystem } from '../system.ts';
import type { FaultCase } from './cases.ts';

export interface Outcome {
  readonly system: string;
  readonly id: string;
  readonly what: string;
  readonly target: string;
  readonly serverKilled: boolean;
  /** From the kill of Holdfast until it answered again; 0 when it was not killed. */
  readonly awayMs: number;
  readonly blamed: string;
  readonly faultClass: string;
  readonly mechanism: string;
  /** In what is blamed, 0–1. */
  readonly confidence: number;
  readonly abstained: boolean;
  /** What the repair has shown of the cause; null: nothing. */
  readonly proof: string | null;
  /** `restart payments-2`, in order. */
  readonly actions: readonly string[];
  /** From the injection, ms. */
  readonly detectedMs: number | null;
  readonly explainedMs: number | null;
  readonly repairedMs: number | null;
  readonly load: LoadSummary;
  /** Every incident of the case as `holdfast describe` tells it. */
  readonly stories: readonly string[];
  /** What is not as expected; empty when the case passes. */
  readonly wrong: readonly string[];
}

const QUIET_WITHIN_MS = 60_000;
/** Windows of edges and checks need to have seen a healthy system between two cases. */
const SETTLE_MS = 1_000;
/** How long Holdfast is left dead when it is killed too; then its own start comes on top. */
const DEAD_MS = 1_000;
/** What it takes to look again: checks and windows begin anew. */
const LOOK_AGAIN_MS = 2_000;

export async function runCase(
  name: string,
  { system, load }: Loaded,
  test: FaultCase,
  serverKilled: boolean,
): Promise<Outcome> {
  // A case before this one may have failed while Holdfast was away.
  await system.startServer();
  await system.waitQuiet(QUIET_WITHIN_MS);
  await pause(SETTLE_MS);
  const before = new Set((await system.incidents()).map((incident) => incident.id));
  const fromMs = monotonicMs();
  const atMs = Date.now();
  await inject(system, test);
  const awayMs = serverKilled ? await killServer(system) : 0;
  const incident = await waitForEnd(system, test, before);
  await system.waitQuiet(QUIET_WITHIN_MS);
  const all = (await system.incidents()).filter(({ id }) => !before.has(id));
  const summary = await load.window(fromMs, monotonicMs());
  const since = (afterMs: number | null) =>
    afterMs === null ? null : Math.max(0, Date.parse(incident.onsetAt) + afterMs - atMs);
  const cause = incident.causes[0];
  const actions = all.flatMap((each) => each.plans.flatMap((plan) => plan.actions)).filter(wasDone);
  const outcome = {
    system: name,
    id: test.id,
    what: test.what,
    target: test.target,
    serverKilled,
    awayMs,
    blamed: cause?.entity.name ?? '-',
    faultClass: cause?.faultClass ?? '-',
    mechanism: cause?.mechanism ?? '-',
    confidence: cause?.confidence ?? 0,
    abstained: incident.abstained || cause === undefined,
    proof: incident.proof?.verdict ?? null,
    actions: actions.map((action) => `${action.kind} ${action.target}`.trim()),
    detectedMs: since(incident.detectedAfterMs),
    explainedMs: since(incident.explainedAfterMs),
    repairedMs: since(incident.repairedAfterMs),
    load: summary,
    stories: all.map((each) => tellIncident(each, styleFor(false))),
  };
  return { ...outcome, wrong: judge(test, outcome, actions) };
}

async function killServer(system: TestSystem): Promise<number> {
  const atMs = performance.now();
  system.killServer();
  await pause(DEAD_MS);
  await system.startServer();
  return performance.now() - atMs;
}

const wasDone = (action: ActionResource): boolean => action.status === 'done' || action.status === 'running';

export async function inject(system: TestSystem, test: FaultCase): Promise<void> {
  const { fault, target } = test;
  if (fault.do === 'deploy') {
    const lines = Object.entries(fault.environment).map(([name, value]) => `      ${name}: "${value}"`);
    await system.apply({}, `test: ${test.id}`, (text) => addEnvironment(text, target, lines));
    return;
  }
  const instance = await system.instance(target);
  if (fault.do === 'signal') {
    process.kill(instance.pid as number, fault.signal);
    return;
  }
  const port = Object.values(instance.ports)[0];
  const body = JSON.stringify(fault.order);
  const response = await fetch(`http://127.0.0.1:${port}/_drill`, { method: 'POST', body });
  if (!response.ok) throw new Error(`${target} refused the drill: ${response.status}`);
}

/** Adds to a service's environment, keeping what it merges from an anchor. */
export function addEnvironment(text: string, service: string, lines: readonly string[]): string {
  const start = new RegExp(`^  ${service}:\\n`, 'm').exec(text);
  if (!start) throw new Error(`no service ${service} in the spec`);
  const bodyStart = start.index + start[0].length;
  const bodyEnd = bodyStart + (/^(?: {0,2}\S|$(?![\s\S]))/m.exec(text.slice(bodyStart))?.index ?? text.length);
  const body = text.slice(bodyStart, bodyEnd);
  const own = /^ {4}environment:\n/m.exec(body);
  const changed = own
    ? body.replace(own[0], `${own[0]}${lines.join('\n')}\n`)
    : `    environment:\n      <<: *environment\n${lines.join('\n')}\n${body}`;
  return text.slice(0, bodyStart) + changed + text.slice(bodyEnd);
}

async function waitForEnd(system: TestSystem, test: FaultCase, before: ReadonlySet<string>): Promise<IncidentResource> {
  const service = test.target.replace(/-\d+$/, '');
  return system.waitFor(
    `${test.id} on ${test.target} to be repaired`,
    test.expect.repairedWithinMs + 30_000,
    async (client) => {
      const fresh = (await client.incidents({ state: 'all', limit: 50 })).filter(({ id }) => !before.has(id));
      const own = fresh.find((incident) => incident.services.includes(service)) ?? fresh[0];
      return own && (own.closedAt !== null || own.status === 'escalated') ? own : undefined;
    },
  );
}

function judge(test: FaultCase, outcome: Omit<Outcome, 'wrong'>, actions: readonly ActionResource[]): string[] {
  const { expect } = test;
  const wrong: string[] = [];
  const service = test.target.replace(/-\d+$/, '');
  const blamed = expect.blamed ?? [test.target];
  if (!blamed.includes(outcome.blamed)) wrong.push(`blamed ${outcome.blamed}, not ${blamed.join(' or ')}`);
  if (!(expect.classes as readonly string[]).includes(outcome.faultClass)) {
    wrong.push(`class ${outcome.faultClass}, not ${expect.classes.join(' or ')}`);
  }
  const onTarget = actions.filter((action) => action.service === service);
  if (!onTarget.some((action) => (expect.actions as readonly string[]).includes(action.kind))) {
    wrong.push(`did ${outcome.actions.join(', ') || 'nothing'}, not ${expect.actions.join(' or ')}`);
  }
  for (const action of actions) {
    const harmless = action.kind === 'eject' || action.kind === 'page';
    if (action.service !== service && !harmless) wrong.push(`did ${action.kind} to ${action.target}, a victim`);
  }
  // Time in which Holdfast was not there does not count against it.
  const allowance = outcome.serverKilled ? outcome.awayMs + LOOK_AGAIN_MS : 0;
  limit(wrong, 'detected', outcome.detectedMs, expect.detectedWithinMs + allowance);
  limit(wrong, 'repaired', outcome.repairedMs, expect.repairedWithinMs + allowance);
  if (outcome.load.sent < 100) wrong.push(`the client sent only ${outcome.load.sent} requests`);
  if (outcome.load.failedShare > expect.lostShare) {
    wrong.push(`clients lost ${(outcome.load.failedShare * 100).toFixed(2)} %, more than ${expect.lostShare * 100} %`);
  }
  return wrong;
}

function limit(wrong: string[], what: string, ms: number | null, limitMs: number): void {
  if (ms === null) wrong.push(`never ${what}`);
  else if (ms > limitMs) wrong.push(`${what} after ${Math.round(ms)} ms, later than ${limitMs} ms`);
}
