/**
 * The sample system for an hour without a fault, under load that rises, falls and jumps: whatever is opened, done or
 * paged is a false alarm. A detector that is quick is worth nothing when it cries wolf.
 */
import type { IncidentResource } from '../../src/api/resources.ts';
import { Random } from '../../src/model/random.ts';
import { openShop, shopLoad } from '../../test/support/sample-systems.ts';
import { pause, type TestSystem } from '../../test/support/system.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';

const MINUTES = 60;
const QUICK_MINUTES = 3;
/** One pace of load; short enough for a jump every few minutes. */
const SEGMENT_MS = 30_000;
/** A day of load goes by so often. */
const CYCLE_MS = 20 * 60_000;
const LOW_PER_SEC = 5;
const HIGH_PER_SEC = 90;
const JUMP_SHARE = 0.15;

export const bench: Bench = {
  name: 'quiet',
  what: 'the sample system without faults under varying load: incidents, actions, failed requests',
  run: async (options) => {
    const { system, url } = await openShop();
    try {
      await system.waitQuiet(60_000);
      return await watch(system, url, options);
    } finally {
      await system.stop();
    }
  },
};

async function watch(system: TestSystem, url: string, { quick, log }: BenchOptions): Promise<BenchRow[]> {
  const minutes = quick ? QUICK_MINUTES : MINUTES;
  const random = Random.seeded(20_261);
  const total = { sent: 0, failed: 0, over1s: 0 };
  const restartsBefore = await restarts(system);
  const until = performance.now() + minutes * 60_000;
  for (let segment = 0; performance.now() < until; segment++) {
    const rate = rateAt(segment * SEGMENT_MS, random);
    const load = shopLoad(url, rate);
    await pause(Math.min(SEGMENT_MS, until - performance.now()));
    const { sent, failed, over1s } = await load.stop();
    total.sent += sent;
    total.failed += failed;
    total.over1s += over1s;
    const opened = (await system.incidents()).length;
    log(
      `minute ${((segment + 1) * SEGMENT_MS) / 60_000} of ${minutes}: ${rate} requests/s, incidents so far ${opened}`,
    );
  }
  const incidents = await system.incidents();
  for (const incident of incidents) tell(incident, log);
  return rows(minutes, incidents, (await restarts(system)) - restartsBefore, total);
}

/** A wave, some scatter, and now and then twice the load or none to speak of, from one second to the next. */
function rateAt(atMs: number, random: Random): number {
  const wave = (1 - Math.cos((2 * Math.PI * atMs) / CYCLE_MS)) / 2;
  const calm = LOW_PER_SEC + (HIGH_PER_SEC - LOW_PER_SEC) * wave * (0.8 + 0.4 * random.float());
  const jump = random.float();
  if (jump < JUMP_SHARE / 2) return LOW_PER_SEC;
  return Math.round(Math.min(HIGH_PER_SEC, jump < JUMP_SHARE ? 2 * calm : calm));
}

async function restarts(system: TestSystem): Promise<number> {
  const instances = await system.read((client) => client.instances());
  return instances.reduce((sum, { restarts: count }) => sum + count, 0);
}

function tell(incident: IncidentResource, log: BenchOptions['log']): void {
  log(`${incident.id} ${incident.status} ${incident.title}`);
  for (const { afterMs, stage, text } of incident.timeline) log(`  +${Math.round(afterMs)} ms ${stage}: ${text}`);
}

function rows(
  minutes: number,
  incidents: readonly IncidentResource[],
  restarted: number,
  { sent, failed, over1s }: { sent: number; failed: number; over1s: number },
): BenchRow[] {
  const actions = incidents.flatMap(({ plans }) => plans).flatMap((plan) => plan.actions).length;
  const none = (id: string, what: string, value: number): BenchRow => {
    return { id, what, value, unit: '', target: 0, pass: value === 0 };
  };
  return [
    { id: 'minutes', what: 'minutes watched', value: minutes, unit: 'min', target: null, pass: null },
    none('incidents', 'incidents opened', incidents.length),
    none('actions', 'actions taken', actions),
    none('restarts', 'instances started again', restarted),
    none('failed', `requests failed, of ${sent}`, failed),
    { id: 'late', what: 'requests over 1 s', value: over1s, unit: '', target: null, pass: null },
  ];
}
