/**
 * Requests checked against the schemas of the route table. Path and query arrive as text, so they are converted and
 * defaulted; a body is taken as it is: "5" is not 5.
 */
import type Type from 'typebox';
import { Compile } from 'typebox/compile';
import Value from 'typebox/value';
import { HoldfastError } from '../../model/errors.ts';

export type Part = 'body' | 'query' | 'params';

/** Compiled once per route; throws HF6004 that names the field. */
export function validator(schema: Type.TSchema, part: Part): (data: unknown) => unknown {
  const compiled = Compile(schema);
  return (data) => {
    const value = part === 'body' ? data : Value.Default(schema, Value.Convert(schema, structuredClone(data)));
    if (compiled.Check(value)) return value;
    throw new HoldfastError('HF6004', `${part}${problem(schema, value)}`);
  };
}

/** The first thing that is wrong, as `.command.replicas must be integer`. */
function problem(schema: Type.TSchema, value: unknown): string {
  const inner = discriminated(schema, value);
  if (inner !== null) return inner;
  let best = '';
  let depth = -1;
  for (const error of Compile(schema).Errors(value)) {
    const where = error.instancePath.split('/').slice(1);
    // Errors of the branches of a union and of `additionalProperties: false` come twice; the plain one is wanted.
    if (error.keyword === 'anyOf' || error.keyword === 'boolean' || where.length <= depth) continue;
    depth = where.length;
    best = `${where.map((name) => `.${name}`).join('')} ${error.message}${extra(error.params)}`;
  }
  return best === '' ? ' is not of the wanted form' : best;
}

function extra(params: object): string {
  if ('additionalProperties' in params) return `: ${String(params.additionalProperties)}`;
  if ('allowedValues' in params) return `: ${String(params.allowedValues)}`;
  return '';
}

/**
 * A union of objects told apart by `kind`: complain about the branch that was meant, not about all of them.
 * Looks one level into objects, which is as deep as requests have unions.
 */
function discriminated(schema: Type.TSchema, value: unknown): string | null {
  if (!isObject(value) || !isObject(schema)) return null;
  const properties = 'properties' in schema && isObject(schema.properties) ? schema.properties : {};
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property) || !Array.isArray(property.anyOf) || !isObject(value[name])) continue;
    const given = value[name] as Record<string, unknown>;
    const branches = property.anyOf as Type.TSchema[];
    const kinds = branches.map(kindOf);
    if (kinds.includes(null)) continue;
    const branch = branches[kinds.indexOf(String(given.kind))];
    if (branch === undefined) return `.${name}.kind must be one of ${kinds.join(', ')}`;
    if (!Compile(branch).Check(given)) return `.${name}${problem(branch, given)}`;
  }
  return null;
}

function kindOf(schema: Type.TSchema): string | null {
  const properties = 'properties' in schema && isObject(schema.properties) ? schema.properties : {};
  const kind = properties.kind;
  return isObject(kind) && typeof kind.const === 'string' ? kind.const : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
