/** Which checks a life gets. */
import type { LaunchSpec } from '../../model/link.ts';
import type { CheckSignal } from '../../model/signal.ts';
import type { CheckSpec } from '../../model/spec.ts';

export interface PlannedCheck {
  readonly purpose: CheckSignal['purpose'];
  readonly spec: CheckSpec;
}

/** With nothing declared an instance counts as ready once its first port accepts connections. */
export function checksOf(launch: LaunchSpec): readonly PlannedCheck[] {
  const checks: PlannedCheck[] = [];
  if (launch.liveness) checks.push({ purpose: 'liveness', spec: launch.liveness });
  if (launch.readiness) checks.push({ purpose: 'readiness', spec: launch.readiness });
  const [port] = Object.keys(launch.ports);
  if (checks.length === 0 && port !== undefined) checks.push({ purpose: 'readiness', spec: acceptsOn(port) });
  return checks;
}

function acceptsOn(port: string): CheckSpec {
  return {
    probe: { kind: 'tcp', port },
    intervalMs: 1_000,
    timeoutMs: 1_000,
    retries: 2,
    successes: 1,
    startPeriodMs: 10_000,
    startIntervalMs: 100,
  };
}

/**
 * A place in [0, 1) that is the same in every run: FNV-1a, then mixed once more (as MurmurHash ends), because ids
 * that differ in their last digit only would lie side by side.
 */
export function phaseOf(launch: LaunchSpec, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const char of `${launch.instance}/${launch.incarnation}/${purpose}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
