/**
 * One service under several names: spans, tables of metrics and log collectors each have their own habit
 * (`cartservice`, `cart-service`, `cart-7d9c5b6f4-x2x9z`, and with a node, a protocol or a version around it:
 * `node-5.cart-0`, `cart-grpc`, `cart_v1`). What differs only in that is taken for one, where it is clear which one.
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
  const byKey = keysOf(known);
  // A measured `cart-grpc` is the `cart` of whom only log lines or the use of resources speak.
  const others = keysOf(spans.length > 0 ? [] : namesOfRest(gathered));
  const named = new Map<string, string>();
  const find = (name: string): string => {
    if (known.has(name)) return bareOf(name, (key) => (byKey.has(key) ? undefined : others.get(key))) ?? name;
    return byKey.get(keyOf(name)) ?? bareOf(name, (key) => byKey.get(key) ?? others.get(key)) ?? name;
  };
  const nameOf = (name: string): string => {
    if (name === '') return name;
    const found = named.get(name) ?? find(name);
    named.set(name, found);
    return found;
  };
  const log = (line: ReadLog): ReadLog => {
    const service = nameOf(line.service);
    return service === line.service ? line : { ...line, service };
  };
  const measure = (one: Measure): Measure => {
    const service = nameOf(one.service);
    const callee = one.callee === null ? null : nameOf(one.callee);
    const same = service === one.service && callee === one.callee;
    return same ? one : { ...one, service, callee, instance: one.instance ?? one.service };
  };
  const calls = gathered.calls.map(({ caller, callee }) => ({ caller: nameOf(caller), callee: nameOf(callee) }));
  return { ...gathered, calls, logs: logs.map(log), measures: measures.map(measure) };
}

/** null: it is not clear who is meant. */
function keysOf(names: Iterable<string>): Map<string, string | null> {
  const byKey = new Map<string, string | null>();
  for (const name of names) byKey.set(keyOf(name), byKey.has(keyOf(name)) ? null : name);
  return byKey;
}

function namesOfRest({ logs, measures }: Gathered): Set<string> {
  const levels = measures.filter(({ quantity }) => quantity === 'level');
  return new Set([...logs, ...levels].map(({ service }) => service).filter((name) => name !== ''));
}

const AROUND = /[-_.](grpc|http|https|tcp|rest|api|v\d{1,3})$/i;

/** Without the node before it and the protocol or version behind it, as far as somebody is called so. */
function bareOf(name: string, find: (key: string) => string | null | undefined): string | undefined {
  const inner = /^[^.]*[-_]?\d+\.(?=[a-z])/i.test(name) ? name.slice(name.indexOf('.') + 1) : name;
  const bare = serviceOfName(inner).replace(AROUND, '');
  if (bare === name) return undefined;
  return [inner, serviceOfName(inner), bare].map((each) => find(keyOf(each)) ?? undefined).find((each) => each);
}

function keyOf(name: string): string {
  const plain = serviceOfName(name)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  return plain.replace(/(microservice|service|svc)$/, '') || plain;
}
