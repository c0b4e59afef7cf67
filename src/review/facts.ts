/** The system as the rules look at it: who calls whom, and who needs whom. */
import type { ServiceSpec } from '../model/spec.ts';
import type { AuditInput, Facts } from './contract.ts';

export function factsOf(input: AuditInput): Facts {
  const services = Object.values(input.spec.services);
  const known = new Set(services.map(({ name }) => name));
  const calls = new Map<string, Set<string>>(services.map(({ name }) => [name, new Set()]));
  for (const { name, dependsOn } of services)
    for (const { service } of dependsOn) if (known.has(service)) calls.get(name)?.add(service);
  for (const { caller, callee } of input.observed?.edges ?? []) {
    if (known.has(caller) && known.has(callee) && caller !== callee) calls.get(caller)?.add(callee);
  }
  const callers = new Map<string, Set<string>>(services.map(({ name }) => [name, new Set()]));
  for (const [caller, callees] of calls) for (const callee of callees) callers.get(callee)?.add(caller);
  const needing = new Map(services.map(({ name }) => [name, [...above(name, callers)].sort()]));
  return { ...input, services, calls, callers, needing };
}

function above(name: string, callers: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const found = new Set<string>();
  const queue = [name];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const caller of callers.get(at) ?? []) {
      if (caller === name || found.has(caller)) continue;
      found.add(caller);
      queue.push(caller);
    }
  }
  return found;
}

/** Runs to its end and is done: what is asked of services does not apply. */
export function isJob({ restart, ports, healthcheck }: ServiceSpec): boolean {
  return restart.condition !== 'any' && ports.length === 0 && healthcheck === null;
}

const KEEPS_STATE =
  /\b(postgres|postgresql|mysqld?|mariadbd?|redis|valkey|mongod?|mongodb|kafka|zookeeper|rabbitmq|elasticsearch|opensearch|cassandra|etcd|consul|minio|influxd?b?|clickhouse|couchdb|neo4j|memcached|nats|vault)\b/;

/** The program that it keeps state with, by its command or image; null: none that is known by name. */
export function storeOf({ run: { command } }: ServiceSpec): string | null {
  // Paths, tags and suffixes apart: /usr/bin/redis-server, bitnami/kafka:3.7, cp-zookeeper.
  const program = (command[0] ?? '').split('/').at(-1)?.split(':')[0] ?? '';
  return KEEPS_STATE.exec(program.replaceAll(/[-_]/g, ' '))?.[1] ?? null;
}

export function isPublished({ ports }: ServiceSpec): boolean {
  return ports.some(({ published }) => published !== null);
}

export function listed(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** `checkout` → lines under `services:`, indented as in a file. */
export function inService(name: string, ...lines: readonly string[]): string {
  return ['services:', `  ${name}:`, ...lines.map((line) => `    ${line}`)].join('\n');
}
