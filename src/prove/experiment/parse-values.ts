/** Configuration and secrets: where each value comes from. The values themselves are looked up by values.ts. */
import type { Fields } from './fields.ts';
import { Fields as FieldsOf } from './fields.ts';
import { isMap, type Json } from './json.ts';
import type { Experiment, Source } from './types.ts';

const TYPES = ['str', 'int', 'float', 'bool', 'json'] as const;

export function parseConfiguration(fields: Fields): Readonly<Record<string, Source>> {
  return sources(fields.fields('configuration'));
}

/** Groups of keys; a key that stands alone is a group of its own name, as the library allows. */
export function parseSecrets(fields: Fields): Readonly<Record<string, Readonly<Record<string, Source>>>> {
  const secrets = fields.fields('secrets');
  if (secrets === null) return {};
  const groups = Object.entries(secrets.map).map(([group, value]) => {
    if (isMap(value) && typeof value.type !== 'string') return [group, sources(secrets.fields(group))] as const;
    return [group, { [group]: source(secrets, group, value as Json) }] as const;
  });
  return Object.fromEntries(groups);
}

/** Where values lie that a run does not fetch: said at once, or it would run with the description as the value. */
const ELSEWHERE: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  vault: ['secrets from a vault are', 'Hand it over as type: env.'],
  probe: ['configuration from a probe is', 'Hand it over as type: env.'],
};

function sources(fields: Fields | null): Readonly<Record<string, Source>> {
  if (fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields.map).map(([key, value]) => [key, source(fields, key, value as Json)] as const),
  );
}

function source(fields: Fields, key: string, value: Json): Source {
  const inline: Source = { from: 'inline', value };
  if (!isMap(value) || typeof value.type !== 'string') return inline;
  const inner = new FieldsOf(value, fields.at(key), fields.problems);
  const elsewhere = ELSEWHERE[value.type];
  if (elsewhere !== undefined) {
    const [what, remedy] = elsewhere;
    inner.problems.add('HF8106', inner.at('type'), `${what} not looked up`, remedy);
    return inline;
  }
  if (value.type === 'file') {
    inner.problems.keys(value, inner.path, ['type', 'path']);
    return { from: 'file', path: inner.needText('path', 'Add path: the file, relative to this one.') };
  }
  if (value.type !== 'env') return inline;
  inner.problems.keys(value, inner.path, ['type', 'key', 'default', 'env_var_type']);
  const fallback = Object.hasOwn(value, 'default') && value.default !== null ? value.default : undefined;
  return {
    from: 'env',
    key: inner.needText('key', 'Add key: the name of the environment variable.'),
    fallback,
    type: inner.choice('env_var_type', TYPES) ?? 'str',
  };
}

/** Paths of the files that configuration and secrets come from, each once. */
export function filesNamed({
  configuration,
  secrets,
}: Pick<Experiment, 'configuration' | 'secrets'>): readonly string[] {
  const all = [configuration, ...Object.values(secrets)].flatMap((group) => Object.values(group));
  return [...new Set(all.flatMap((one) => (one.from === 'file' ? [one.path] : [])))];
}
