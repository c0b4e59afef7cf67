/**
 * Is the answer of a probe within its tolerance? The rules are those of Chaos Toolkit's library, which its documents
 * leave partly open: a number is compared with `.status` when the answer has one, a list with a status is membership,
 * a list of two without is an inclusive range. A tolerance that is itself a probe cannot be judged here: it is run,
 * and `metByProbe` looks at its answer.
 */
import { isList, isMap, type Json, own, sameJson } from './json.ts';
import { matches, parseJsonPath } from './jsonpath.ts';
import { pythonRegex } from './regex.ts';
import type { Provider, Tolerance } from './types.ts';

export interface Judged {
  readonly met: boolean;
  /** What was found against what was allowed, for humans. */
  readonly why: string;
}

type Simple = Exclude<Tolerance, { readonly kind: 'probe' }>;

/** `fill` puts configuration into patterns and paths. */
export function within(tolerance: Simple, value: Json, fill: (text: string) => string = (text) => text): Judged {
  switch (tolerance.kind) {
    case 'equals': {
      const found = typeof tolerance.value === 'number' ? statusOr(value) : value;
      return judged(sameJson(found, tolerance.value), found, `${show(tolerance.value)}`);
    }
    case 'list':
      return withinList(tolerance.values, value);
    case 'regex': {
      const text = textOf(targetOf(value, tolerance.target));
      const pattern = fill(tolerance.pattern);
      return judged(pythonRegex(pattern).test(text), text, `match of ${pattern}`);
    }
    case 'range': {
      const target = targetOf(value, tolerance.target);
      const number = typeof target === 'string' && target.trim() === '' ? Number.NaN : Number(target);
      const numeric = typeof target === 'number' || typeof target === 'string';
      const met = numeric && number >= tolerance.low && number <= tolerance.high;
      return judged(met, target, `${tolerance.low} to ${tolerance.high}`);
    }
    case 'jsonpath':
      return withinPath(tolerance, value, fill);
  }
}

/** Does the answer of a probe that is a tolerance say yes? Exit status 0, HTTP 2xx, otherwise anything but nothing. */
export function metByProbe(provider: Provider, answer: Json): Judged {
  const status = isMap(answer) ? own(answer, 'status') : undefined;
  if (typeof status !== 'number') return judged(Boolean(answer), answer, 'anything but nothing');
  const met = provider.type === 'process' ? status === 0 : status >= 200 && status < 300;
  return judged(met, status, provider.type === 'process' ? 'exit status 0' : 'a status of 2xx');
}

function withinList(values: readonly Json[], value: Json): Judged {
  const status = isMap(value) ? own(value, 'status') : undefined;
  if (status !== undefined) return judged(includes(values, status), status, `one of ${show(values)}`);
  if (values.length !== 2) return judged(includes(values, value), value, `one of ${show(values)}`);
  const [low, high] = values as [Json, Json];
  const met = lessOrEqual(low, value) && lessOrEqual(value, high);
  return judged(met, value, `${show(low)} to ${show(high)}`);
}

function lessOrEqual(a: Json, b: Json): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  return typeof a === 'string' && typeof b === 'string' && a <= b;
}

function withinPath(
  tolerance: Extract<Tolerance, { kind: 'jsonpath' }>,
  value: Json,
  fill: (text: string) => string,
): Judged {
  const filled = fill(tolerance.path);
  const path = filled === tolerance.path ? tolerance.parsed : parseJsonPath(filled);
  const found = matches(path, parsed(targetOf(value, tolerance.target)));
  if (tolerance.expect !== null) {
    const met = sameJson(found, tolerance.expect);
    return judged(met, found, `${show(tolerance.expect)} at ${filled}`);
  }
  const { count } = tolerance;
  const met = count === null ? found.length > 0 : found.length === count;
  return judged(met, found, count === null ? `something at ${filled}` : `${count} at ${filled}`);
}

function statusOr(value: Json): Json {
  return (isMap(value) ? own(value, 'status') : undefined) ?? value;
}

/** A key of the answer; without such a key, the answer itself, as the library does it. */
function targetOf(value: Json, target: string | null): Json {
  if (target === null || !isMap(value)) return value;
  return own(value, target) ?? value;
}

function parsed(value: Json): Json {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function includes(values: readonly Json[], value: Json): boolean {
  return isList(values) && values.some((item) => sameJson(item, value));
}

const SHOWN = 120;

export function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function judged(met: boolean, found: Json, allowed: string): Judged {
  return { met, why: `found ${show(found)}, allowed ${allowed}` };
}
