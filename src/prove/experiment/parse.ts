/**
 * A plain value (of JSON or YAML, parsed by the caller) → an experiment, or everything that is wrong with it. The
 * whole file is looked at before anything is refused, and nothing is read from the environment here: see values.ts.
 */
import { Fields } from './fields.ts';
import { isMap, type JsonMap, kindOf } from './json.ts';
import type { FaultCatalogue } from './kinds.ts';
import { type Known, parseActivity, parseControls } from './parse-activity.ts';
import { parseExpectations, WHOLE_NODE } from './parse-holdfast.ts';
import { parseSafety } from './parse-safety.ts';
import { parseConfiguration, parseSecrets } from './parse-values.ts';
import { parseWorkload } from './parse-workload.ts';
import { type Notice, type Problem, Problems } from './problems.ts';
import {
  type Activity,
  DRY_STRATEGIES,
  type Experiment,
  HYPOTHESIS_STRATEGIES,
  type Hypothesis,
  ROLLBACK_STRATEGIES,
} from './types.ts';

const EXPERIMENT_KEYS = [
  'version',
  'title',
  'description',
  'tags',
  'contributions',
  'extensions',
  'runtime',
  'dry',
  'configuration',
  'secrets',
  'controls',
  'steady-state-hypothesis',
  'method',
  'rollbacks',
  'x-holdfast',
];

export interface ParseOptions {
  /** The faults that can be injected. */
  readonly kinds: FaultCatalogue;
}

export interface ParsedExperiment {
  readonly experiment: Experiment;
  readonly notices: readonly Notice[];
}

/** Throws HoldfastError (HF8101 … HF8108), which carries all the others. */
export function parseExperiment(value: unknown, options: ParseOptions): ParsedExperiment {
  const problems = new Problems();
  const experiment = read(value, options, problems);
  problems.throwIfAny();
  return { experiment: experiment as Experiment, notices: problems.notices };
}

/** The same without throwing, for whoever shows each problem at its path. */
export function problemsOf(value: unknown, options: ParseOptions): readonly Problem[] {
  const problems = new Problems();
  read(value, options, problems);
  return problems.list;
}

function read(value: unknown, options: ParseOptions, problems: Problems): Experiment | null {
  if (!isMap(value)) {
    problems.add('HF8101', [], `an experiment is a map, this is ${kindOf(value)}`);
    return null;
  }
  const fields = new Fields(value, [], problems);
  problems.keys(value, [], EXPERIMENT_KEYS);
  const secrets = parseSecrets(fields);
  const known = knownOf(fields, new Set(Object.keys(secrets)), options.kinds);
  const own = fields.fields('x-holdfast');
  own?.problems.keys(own.map, own.path, ['expect', 'windows', 'halt', 'workload'], true);
  const expect = own?.fields('expect') ?? null;
  if (!Object.hasOwn(value, 'method')) fields.missing('method', 'Add method: a list of activities; it may be empty.');
  const said = {
    title: fields.needText('title', 'Add title: one line for people.'),
    description: fields.needText('description', 'Add description: what this is to show.'),
    tags: fields.texts('tags'),
    configuration: parseConfiguration(fields),
    secrets,
    controls: parseControls(fields, known),
    hypothesis: parseHypothesis(fields, known),
    method: fields.maps('method').map((activity) => parseActivity(activity, known, 'method')),
    rollbacks: fields.maps('rollbacks').map((activity) => parseActivity(activity, known, 'rollbacks')),
    strategy: parseStrategy(fields),
    expect: expect === null ? null : parseExpectations(expect),
  };
  return {
    ...said,
    safety: parseSafety(own, said.method.some(isOutage)),
    workload: parseWorkload(own),
    raw: value as JsonMap,
  };
}

/** All that runs is taken away. */
function isOutage({ does }: Activity): boolean {
  return does.kind === 'fault' && does.fault.kind === WHOLE_NODE;
}

function parseHypothesis(fields: Fields, known: Known): Hypothesis | null {
  const hypothesis = fields.fields('steady-state-hypothesis');
  if (hypothesis === null) return null;
  hypothesis.problems.keys(hypothesis.map, hypothesis.path, ['title', 'probes', 'controls']);
  return {
    title: hypothesis.needText('title', 'Add title: what normal looks like.'),
    probes: hypothesis.maps('probes').map((probe) => parseActivity(probe, known, 'hypothesis')),
    controls: parseControls(hypothesis, known),
  };
}

function parseStrategy(fields: Fields): Experiment['strategy'] {
  const runtime = fields.fields('runtime');
  runtime?.problems.keys(runtime.map, runtime.path, ['hypothesis', 'rollbacks']);
  const hypothesis = runtime?.fields('hypothesis') ?? null;
  const rollbacks = runtime?.fields('rollbacks') ?? null;
  for (const part of [hypothesis, rollbacks]) part?.problems.keys(part.map, part.path, ['strategy']);
  const dry = fields.get('dry');
  return {
    hypothesis: hypothesis?.choice('strategy', HYPOTHESIS_STRATEGIES) ?? 'default',
    rollbacks: rollbacks?.choice('strategy', ROLLBACK_STRATEGIES) ?? 'default',
    dry: typeof dry === 'boolean' ? (dry ? 'activities' : null) : fields.choice('dry', DRY_STRATEGIES),
  };
}

/** First pass: names only, silently; the second one complains. */
function knownOf(fields: Fields, secrets: ReadonlySet<string>, kinds: FaultCatalogue): Known {
  const silent = new Fields(fields.map, fields.path, new Problems());
  const hypothesis = silent.fields('steady-state-hypothesis');
  const written = [...(hypothesis?.maps('probes') ?? []), ...silent.maps('method'), ...silent.maps('rollbacks')];
  const declared = (all: readonly Fields[]): ReadonlyMap<string, Fields> => {
    const named = new Map<string, Fields>();
    for (const { map, path } of all) {
      const { name } = map;
      const loud = new Fields(map, path, fields.problems);
      if (typeof name === 'string' && !('ref' in map) && !named.has(name)) named.set(name, loud);
    }
    return named;
  };
  const controls = [silent, ...(hypothesis === null ? [] : [hypothesis]), ...written];
  return {
    kinds,
    secrets,
    activities: declared(written),
    controls: declared(controls.flatMap((part) => part.maps('controls'))),
  };
}
