/**
 * Streams of a service's log without a fault, and with one: regular lines, lines by the request with a load that rises
 * and falls over the day, rare lines, bursts that belong to normal life (a batch each hour), a restart's start-up lines.
 * Seeded. For alarms on nothing and for the time until something is noticed; the wording does not matter here.
 */
import { LogWatch } from '../../src/detect/logs/watch.ts';
import { Random } from '../../src/model/random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface StreamResult {
  /** Claims raised on nothing. */
  readonly falseClaims: number;
  readonly days: number;
  /** From the fault to the claim, by kind of fault; null: not noticed within ten minutes. */
  readonly noticedMs: Readonly<Record<FaultKind, number | null>>;
}

export type FaultKind = 'new' | 'bursting' | 'missing' | 'silent';
export const FAULTS: readonly FaultKind[] = ['new', 'bursting', 'missing', 'silent'];

interface Line {
  readonly text: string;
  readonly at: number;
}

/** Lines of one second. `fault`: what is wrong in it. */
function second(at: number, random: Random, fault: FaultKind | null): Line[] {
  if (fault === 'silent') return [];
  const lines: string[] = [];
  const ofDay = (at % DAY_MS) / DAY_MS;
  const load = 2 * (1 + 0.8 * Math.sin(2 * Math.PI * ofDay)) * random.between(0.7, 1.3);
  for (let n = poisson(load, random); n > 0; n--) {
    lines.push(`request ${random.uint32()} from 10.0.0.${random.int(250)} served in ${random.int(90)} ms`);
    if (random.chance(0.3)) lines.push(`cache miss for key item-${random.int(100_000)}, loading it`);
    if (random.chance(0.02)) lines.push(`slow query took ${random.int(5_000)} ms on replica ${random.int(3)}`);
    if (random.chance(0.002)) lines.push(`client 10.0.0.${random.int(250)} closed the connection early`);
  }
  if (at % 15_000 < 1_000 && fault !== 'missing') lines.push(`heartbeat sent to coordinator, seq ${at / 1_000}`);
  if (at % 60_000 < 1_000) lines.push(`metrics flushed: ${random.int(500)} series in ${random.int(20)} ms`);
  if (at % HOUR_MS < 30_000)
    lines.push(...Array.from({ length: 8 }, (_, n) => `report batch ${n} row ${random.int(99)}`));
  if (random.chance(1 / 20_000)) lines.push(`reloading configuration, generation ${random.int(9)}`);
  if (fault === 'new')
    lines.push(`cannot reach payments at 10.0.0.9:8080: connection refused`, 'giving up on order, no route');
  if (fault === 'bursting')
    for (let n = 0; n < 6; n++) lines.push(`slow query took ${random.int(5_000)} ms on replica 1`);
  return lines.map((text) => ({ text, at }));
}

/** `days` without a fault, then each fault for ten minutes with an hour between them. */
export function watchStream(seed: number, days: number): StreamResult {
  const random = Random.seeded(seed);
  const watch = new LogWatch({ kind: 'instance', name: 'web-1', service: 'web' });
  const quietUntil = days * DAY_MS;
  let open = new Set<string>();
  let falseClaims = 0;
  const noticed: Record<FaultKind, number | null> = { new: null, bursting: null, missing: null, silent: null };
  const end = quietUntil + FAULTS.length * HOUR_MS;
  for (let at = 0; at < end; at += 1_000) {
    const index = Math.floor((at - quietUntil) / HOUR_MS);
    const since = at - quietUntil - index * HOUR_MS;
    const fault = at >= quietUntil && since < 600_000 ? (FAULTS[index] as FaultKind) : null;
    for (const line of second(at, random, fault)) watch.take(line.text, line.at);
    const now = new Set(watch.evaluate(at + 999).map(({ kind, resource }) => `${kind}/${resource}`));
    const raised = [...now].filter((key) => !open.has(key));
    open = now;
    if (raised.length === 0) continue;
    if (fault === null && at < quietUntil) falseClaims += raised.length;
    else if (fault !== null) noticed[fault] ??= since + 1_000;
  }
  return { falseClaims, days, noticedMs: noticed };
}

/** Knuth's method: fine for small means. */
function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let product = random.float();
  let count = 0;
  while (product > limit) {
    product *= random.float();
    count++;
  }
  return count;
}
