/** The clients of an experiment: what they do, to which store, while faults go on. */
import { WORKLOADS } from '../../model/consistency.ts';
import type { Fields } from './fields.ts';
import type { WorkloadSpec } from './types.ts';

const KEYS = ['kind', 'on', 'clients', 'rate', 'timeout', 'seed'];
const FORM =
  'Write on: redis://SERVICE, postgres://user@SERVICE/db, http://SERVICE/path or store:; $name stands for a secret.';
/** More would load the machine that is to be judged. */
const MOST_CLIENTS = 100;
const MOST_PER_SEC = 5_000;

export function parseWorkload(own: Fields | null): WorkloadSpec | null {
  const fields = own?.fields('workload') ?? null;
  if (fields === null) return null;
  fields.problems.keys(fields.map, fields.path, KEYS, true);
  const on = fields.needText('on', FORM);
  if (on !== '' && !isAddress(on)) fields.wrong('on', 'the address of a store', FORM);
  return {
    kind: fields.choice('kind', WORKLOADS) ?? 'register',
    on,
    clients: fields.number('clients', 1, MOST_CLIENTS),
    opsPerSec: fields.number('rate', 1, MOST_PER_SEC),
    timeoutMs: fields.duration('timeout', 10),
    seed: fields.number('seed', 0),
  };
}

/** Of a store, the running Holdfast's own, or a secret that is one. */
export function isAddress(on: string): boolean {
  return /^[a-z]+:\/\/[^/]/.test(on) || on === 'store:' || /^\$\{\w+\}$/.test(on);
}
