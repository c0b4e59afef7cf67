/**
 * Golden texts: testdata/NAME.yaml means what NAME.golden.txt says, in full. `UPDATE_GOLDEN=1` writes them anew; what
 * changed is then for a human to judge. Comments at the top of a case set its surroundings: `# variables: A=1 B=2`,
 * `# profiles: x`. Files that a case names lie in testdata/parts.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../model/errors.ts';
import type { ServiceSpec } from '../model/spec.ts';
import { type Fact, factsOf } from './facts.ts';
import { type ParsedSpec, parseSpec } from './parse.ts';

const DATA = new URL('./testdata/', import.meta.url).pathname;
const BASE = '/srv/app';

function readFile(path: string): string | undefined {
  const file = `${DATA}parts${path.slice(BASE.length)}`;
  return path.startsWith(`${BASE}/`) && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function directive(text: string, name: string): readonly string[] {
  const match = new RegExp(`^# ${name}: (.*)$`, 'm').exec(text);
  return match?.[1]?.split(' ') ?? [];
}

function parse(name: string): ParsedSpec {
  const text = readFileSync(`${DATA}${name}.yaml`, 'utf8');
  const variables = Object.fromEntries(directive(text, 'variables').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
  const profiles = directive(text, 'profiles');
  return parseSpec({ file: 'compose.yaml', baseDir: BASE, text, variables, profiles, projectName: null }, { readFile });
}

/** A service that says nothing: what equals it is left out of the golden text. */
function defaults(replicas: number): ReadonlyMap<string, Fact> {
  const text = `services: {x: {command: nothing, scale: ${replicas}}}`;
  const { spec } = parseSpec({ file: 'x', baseDir: BASE, text, variables: {}, profiles: [], projectName: null });
  return factsOf(spec.services.x as ServiceSpec);
}

function describeService(service: ServiceSpec): string {
  const usual = defaults(service.replicas);
  const lines = [...factsOf(service)]
    .filter(([key, { raw }]) => key === 'command' || key === 'replicas' || usual.get(key)?.raw !== raw)
    .map(([key, { raw, shown }]) => `  ${key}: ${shown ?? `(secret) ${raw}`}`);
  return [service.name, ...lines].join('\n');
}

function outcome(name: string): string {
  try {
    const { spec, notices } = parse(name);
    const { mode, maxDisruption } = spec.policy;
    const head = `system ${spec.name} in ${spec.baseDir}, ${mode}, at most ${maxDisruption} out`;
    const said = notices.map(
      ({ code, file, line, column, service, what, instead }) =>
        `${file}:${line}:${column} ${code}${service === null ? '' : ` ${service}:`} ${what}\n  → ${instead}`,
    );
    return `${[head, ...Object.values(spec.services).map(describeService), ...said].join('\n\n')}\n`;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `${error.format()}\n`;
  }
}

const NAMES = readdirSync(DATA)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))
  .sort();

describe('golden texts', () => {
  it.each(NAMES)('%s', (name) => {
    const golden = `${DATA}${name}.golden.txt`;
    const text = outcome(name);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('has no golden text without its case', () => {
    const goldens = readdirSync(DATA).filter((name) => name.endsWith('.golden.txt'));
    expect(goldens.map((name) => name.slice(0, -'.golden.txt'.length)).sort()).toEqual(NAMES);
  });
});
