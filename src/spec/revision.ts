/**
 * The revision of a service: a short hash over what a process is started with. Two specs of one revision can share
 * their running instances; what differs otherwise (replicas, recovery, objectives, where a port is published) is
 * changed without touching them.
 */
import { createHash } from 'node:crypto';
import type { ServiceSpec } from '../model/spec.ts';

/** 48 bits: for the few revisions that a service ever has, and short enough to be read out. */
const LENGTH = 12;

export function revisionOf(service: ServiceSpec): string {
  const { run, ports, dependsOn, healthcheck, readiness, resources, logs, failover } = service;
  const started = {
    run,
    ports: ports.map(({ name, target, fixed }) => [name, target, fixed]),
    // Their addresses are in the environment; the conditions only delay the start.
    dependsOn: dependsOn.map((dependency) => dependency.service).sort(),
    healthcheck,
    readiness,
    resources,
    logs,
    // How it is started; the rest of the policy is a matter of commands.
    ...(failover ? { failover: { engine: failover.engine, hooks: failover.hooks } } : {}),
  };
  return createHash('sha256').update(canonical(started)).digest('hex').slice(0, LENGTH);
}

/** JSON with sorted keys: the order in which an object was built must not matter. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
