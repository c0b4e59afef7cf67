/**
 * One service under several names: spans, tables of metrics and log collectors each have their own habit
 * (`cartservice`, `cart-service`, `cart-7d9c5b6f4-x2x9z`). What differs only in that is taken for one, where it is
 * clear which one.
 */
import type { Gathered, Measure, ReadLog } from '../contract.ts';
import { serviceOfName } from '../read/names.ts';

/** Names of logs and metrics, as spans (or, without any, metrics of calls) have them. */
export function withOneName(gathered: Gathered): Gathered {
  const { spans, measures, logs } = gathered;
  const ofCalls = measures.filter(({ quantity }) => quantity !== 'level');
  const known = new Set(
    spans.length > 0
      ? spans.flatMap(({ service, peer }) => (peer === null ? [service] : [service, serviceOfName(peer)]))
      : ofCalls.flatMap(({ service, callee }) => (callee === null ? [service] : [service, callee])),
  );
  if (known.size === 0) return gathered;
  const byKey = new Map<string, string | null>();
  for (const name of known) byKey.set(keyOf(name), byKey.has(keyOf(name)) ? null : name);
  const named = new Map<string, string>();
  const nameOf = (name: string): string => {
    if (name === '' || known.has(name)) return name;
    const found = named.get(name) ?? byKey.get(keyOf(name)) ?? name;
    named.set(name, found);
    return found;
  };
  const log = (line: ReadLog): ReadLog => {
    const service = nameOf(line.service);
    return service === line.service ? line : { ...line, service };
  };
  const measure = (one: Measure): Measure => {
    const service = nameOf(one.service);
    return service === one.service ? one : { ...one, service, instance: one.instance ?? one.service };
  };
  return { ...gathered, logs: logs.map(log), measures: measures.map(measure) };
}

function keyOf(name: string): string {
  const plain = serviceOfName(name)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return plain.replace(/(microservice|service|svc)$/, '') || plain;
}
