/**
 * Timeouts and retries along chains of calls. What a service waits and how often it tries is its own business and not
 * in a spec; it is taken from where it usually stands: environment variables of the caller (`PAYMENTS_TIMEOUT=2s`,
 * `PAYMENTS_TIMEOUT_MS`, `HTTP_CLIENT_TIMEOUT_SECONDS`, `PAYMENTS_RETRIES`, `MAX_ATTEMPTS`) and labels
 * (`holdfast.timeout: 2s`, `holdfast.retries.payments: 2`). Without either nothing is said.
 */
import type { ServiceSpec } from '../../model/spec.ts';
import { parseDuration } from '../../model/time.ts';
import type { Facts, Remark } from '../contract.ts';
import { seconds } from './health.ts';

/** More calls to the last service of a chain than this for one request of a user. */
const MANY = 8;
const VERY_MANY = 27;
/** Retried share of calls that is worth a look, and calls that it takes to say so. */
const RETRIED = 0.02;
const ENOUGH_CALLS = 100;

interface Patience {
  /** null: not told. */
  readonly timeoutMs: number | null;
  /** 1: no retries, or none told. */
  readonly attempts: number;
}

export function timeoutChains({ spec, services, calls, observed }: Facts): Remark[] {
  return services.flatMap((caller) =>
    [...(calls.get(caller.name) ?? [])].flatMap((name): Remark[] => {
      const callee = spec.services[name] as ServiceSpec;
      const { timeoutMs } = patienceOf(caller, name);
      if (timeoutMs === null) return [];
      const found: Remark[] = [];
      for (const deeper of calls.get(name) ?? []) {
        const below = patienceOf(callee, deeper);
        if (below.timeoutMs === null || timeoutMs > below.timeoutMs * below.attempts) continue;
        const tries = below.attempts > 1 ? ` × ${below.attempts} attempts` : '';
        found.push({
          id: 'timeout-chain',
          service: caller.name,
          sentence: `${caller.name} waits ${seconds(timeoutMs)} for ${name}, which waits ${seconds(below.timeoutMs)}${tries} for ${deeper}.`,
          key: 'environment',
          fault: { kind: 'pause', service: deeper, select: 'all', for: '20s' },
        });
      }
      const p99Ms = observed?.edges.find((edge) => edge.caller === caller.name && edge.callee === name)?.p99Ms ?? null;
      if (p99Ms !== null && p99Ms >= timeoutMs) {
        found.push({
          id: 'timeout-below-latency',
          service: caller.name,
          sentence: `${caller.name} waits ${seconds(timeoutMs)} for ${name}; one call in a hundred takes ${Math.round(p99Ms)}ms or more.`,
          key: 'environment',
          fault: null,
        });
      }
      return found;
    }),
  );
}

export function retryAmplification({ spec, services, calls, callers }: Facts): Remark[] {
  const found: Remark[] = [];
  for (const { name } of services.filter((service) => (callers.get(service.name)?.size ?? 0) === 0)) {
    const worst = worstChain(name, spec.services, calls, new Set([name]));
    if (worst === null || worst.product < MANY) continue;
    const steps = [name, ...worst.steps.map(({ to }) => to)].join(' → ');
    const factors = worst.steps.map(({ attempts }) => attempts).join(' × ');
    const last = worst.steps.at(-1)?.to as string;
    found.push({
      id: 'retry-amplification',
      service: name,
      sentence: `One request can become ${worst.product} calls to ${last}: ${steps} (${factors} attempts).`,
      severity: worst.product >= VERY_MANY ? 'high' : 'medium',
      key: 'environment',
      fault: { kind: 'pause', service: last, select: 'all', for: '20s' },
    });
  }
  return found;
}

interface Chain {
  readonly product: number;
  readonly steps: readonly { readonly to: string; readonly attempts: number }[];
}

/** The way down with the largest product of attempts. */
function worstChain(
  from: string,
  services: Readonly<Record<string, ServiceSpec>>,
  calls: ReadonlyMap<string, ReadonlySet<string>>,
  way: ReadonlySet<string>,
): Chain | null {
  let worst: Chain | null = null;
  for (const to of calls.get(from) ?? []) {
    if (way.has(to) || way.size > 8) continue;
    const { attempts } = patienceOf(services[from] as ServiceSpec, to);
    const below = worstChain(to, services, calls, new Set([...way, to]));
    const product = attempts * (below?.product ?? 1);
    // Steps without retries at the end add nothing.
    const steps = below !== null && below.product > 1 ? below.steps : [];
    if (product > (worst?.product ?? 1)) worst = { product, steps: [{ to, attempts }, ...steps] };
  }
  return worst;
}

export function retriesSeen({ observed }: Facts): Remark[] {
  return (observed?.edges ?? []).flatMap(({ caller, callee, requests, retried }): Remark[] => {
    if (requests < ENOUGH_CALLS || retried < RETRIED * requests) return [];
    const sentence = `${Math.round((100 * retried) / requests)} % of the calls of ${caller} to ${callee} were tried again.`;
    return [{ id: 'retries-seen', service: callee, sentence, fault: null }];
  });
}

/** What is told of one callee counts before what is told of all. */
export function patienceOf({ run, labels }: ServiceSpec, callee: string): Patience {
  const prefix = callee.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  const environment = Object.entries(run.environment);
  const find = (pattern: RegExp): readonly [string, string] | undefined =>
    environment.find(([name]) => pattern.test(name));
  const timeout =
    labelled(labels, 'timeout', callee) ??
    find(new RegExp(`^${prefix}_(\\w+_)?TIMEOUT(_MS|_MILLIS|_S|_SEC|_SECS|_SECONDS)?$`)) ??
    find(
      /^((HTTP|RPC|GRPC|CLIENT|REQUEST|UPSTREAM|CALL|OUTBOUND|DOWNSTREAM)_)+TIMEOUT(_MS|_MILLIS|_S|_SEC|_SECS|_SECONDS)?$/,
    );
  const retries =
    labelled(labels, 'retries', callee) ??
    find(new RegExp(`^${prefix}_(\\w+_)?(MAX_)?(RETRIES|RETRY_COUNT|ATTEMPTS)$`)) ??
    find(/^((HTTP|RPC|GRPC|CLIENT|REQUEST|UPSTREAM|CALL|OUTBOUND)_)*(MAX_)?(RETRIES|RETRY_COUNT|ATTEMPTS)$/);
  return { timeoutMs: timeout === undefined ? null : durationOf(...timeout), attempts: attemptsOf(retries) };
}

function labelled(
  labels: Readonly<Record<string, string>>,
  what: string,
  callee: string,
): readonly [string, string] | undefined {
  const name = [`holdfast.${what}.${callee}`, `holdfast.${what}`].find((key) => labels[key] !== undefined);
  return name === undefined ? undefined : [name, labels[name] as string];
}

/** A bare number is in the unit of the name, else in ms when it could not be meant as seconds. */
function durationOf(name: string, text: string): number | null {
  const written = parseDuration(text);
  if (written !== undefined) return written;
  const value = Number(text);
  if (!(value > 0)) return null;
  if (/_(S|SEC|SECS|SECONDS)$/.test(name)) return value * 1_000;
  return /_(MS|MILLIS)$/.test(name) || value >= 100 ? value : value * 1_000;
}

function attemptsOf(told: readonly [string, string] | undefined): number {
  if (told === undefined) return 1;
  const [name, text] = told;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 100) return 1;
  return /ATTEMPTS$/.test(name) ? Math.max(1, count) : count + 1;
}
