/**
 * Root-cause analysis on recorded issues whose cause is known. Takes every issue_* folder of every split and scenario
 * under HOLDFAST_DATASETS/petshop (default ../shared/datasets), ranks services by the dataset's protocol, and compares
 * with honest baselines in the same run. Each (scenario, split, kind of symptom) is a row of its own.
 */
import { join, resolve } from 'node:path';
import { diagnoseRecording } from '../../src/diagnose/combine.ts';
import type { Recording } from '../../src/diagnose/recorded/types.ts';
import { Random } from '../../src/model/random.ts';
import { calibrationOf } from '../calibration.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { anomalyTraversal, atRandom, excessOnly, holdfast, type Method, nSigma } from './methods.ts';
import { type Issue, readScenarios, type Scenario } from './petshop.ts';
import { issueRecording } from './recordings.ts';
import { hitAt, mean } from './score.ts';
import { normalWindows } from './specificity.ts';
import { synthetic } from './synthetic.ts';
import { type Transplanted, transplant } from './transplant.ts';
import { TROUBLES } from './troubles.ts';

const DROPS = [
  { share: 0.1, target: 0.9 },
  { share: 0.2, target: 0.85 },
  { share: 0.3, target: 0.8 },
];
const SIZES = [
  { services: 50, target: 5 },
  { services: 1_000, target: 50 },
  { services: 10_000, target: 500 },
];
const SEED = 20_240_601;
/** Diagnoses before the clock counts: what is compiled only once is no part of a diagnosis. */
const WARM_UP = 4;

interface Case {
  readonly scenario: Scenario;
  readonly issue: Issue;
}

export const bench: Bench = {
  name: 'rca',
  what: 'root causes on recorded issues: top-1/top-3, specificity, missing edges, time per diagnosis',
  run: async (options) => {
    const dir = join(resolve(process.env.HOLDFAST_DATASETS ?? '../shared/datasets'), 'petshop');
    const scenarios = readScenarios(dir);
    const cases = scenarios.flatMap((scenario) => scenario.issues.map((issue) => ({ scenario, issue })));
    if (cases.length === 0)
      options.log(`no recorded issues under ${dir}: set HOLDFAST_DATASETS; those rows are skipped`);
    const methods = [holdfast, anomalyTraversal, nSigma, excessOnly, atRandom(SEED)];
    return [
      ...(cases.length === 0 ? [] : accuracy(cases, methods)),
      ...dropped(cases, options),
      ...transplanted(scenarios, methods, options),
      ...troubled(scenarios, options),
      ...specificity(scenarios, methods, options),
      ...timed(options),
    ];
  },
};

function accuracy(cases: readonly Case[], methods: readonly Method[]): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const method of methods) {
    const hits = cases.map(({ scenario, issue }) => {
      const ranking = method.rank(issueRecording(scenario, issue));
      const group = `${issue.scenario}.${issue.split}.${issue.symptom.kind}`;
      return { group, split: issue.split, one: hitAt(ranking, issue.cause, 1), three: hitAt(ranking, issue.cause, 3) };
    });
    const ours = method === holdfast;
    const table = (id: string, what: string, of: typeof hits, judged: boolean): void => {
      const one = mean(of.map((hit) => hit.one));
      const three = mean(of.map((hit) => hit.three));
      rows.push(least(`${id}.top1`, `${what}: cause ranked first`, one, judged ? 0.95 : null, `${of.length} issues`));
      rows.push(least(`${id}.top3`, `${what}: cause among the first three`, three, judged ? 1 : null));
    };
    table(`all.${method.name}`, method.what, hits, ours);
    if (!ours) continue;
    const named = mean(cases.map(({ scenario, issue }) => (holdfast.reports(issueRecording(scenario, issue)) ? 1 : 0)));
    const why = 'the rest is inconclusive: a cause is ranked first, and not believed enough to act on';
    rows.push(least('all.holdfast.named', 'issues in which a cause is named', named, null, why));
    const splits = groups(hits, ({ split }) => split);
    if (splits.size > 1) for (const [split, of] of splits) table(`split.${split}`, `issues of ${split}`, of, true);
    for (const [group, of] of groups(hits, (hit) => hit.group)) table(`group.${group}`, group, of, false);
  }
  return rows;
}

function groups<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(key(item), [...(found.get(key(item)) ?? []), item]);
  return found;
}

/** Every draw drops its own edges; a draw's hits are averaged over all issues. */
function dropped(cases: readonly Case[], { quick, log }: BenchOptions): BenchRow[] {
  if (cases.length === 0) return [];
  const draws = quick ? 5 : 40;
  return DROPS.map(({ share, target }) => {
    log(`${share * 100} % of the edges dropped, ${draws} draws`);
    const random = Random.seeded(SEED + Math.round(share * 100));
    const perDraw = Array.from({ length: draws }, () =>
      mean(
        cases.map(({ scenario, issue }) => {
          const edges = scenario.edges.filter(() => !random.chance(share));
          return hitAt(holdfast.rank(issueRecording(scenario, issue, edges)), issue.cause, 1);
        }),
      ),
    );
    const note = `${draws} draws, worst ${Math.min(...perDraw).toFixed(2)}`;
    return least(
      `dropped.${share * 100}`,
      `${share * 100} % of the edges unknown: cause first`,
      mean(perDraw),
      target,
      note,
    );
  });
}

/** Causes at any place of the graph: real noise, made-up damage. Informs; recorded issues are what is judged. */
function transplanted(
  scenarios: readonly Scenario[],
  methods: readonly Method[],
  { quick, log }: BenchOptions,
): BenchRow[] {
  const random = Random.seeded(SEED);
  const draws = quick ? 50 : 400;
  const drawn = scenarios.flatMap((scenario) =>
    Array.from({ length: draws }, () => transplant(scenario, random)).filter((each) => each !== null),
  );
  if (drawn.length === 0) return [];
  log(`${drawn.length} issues transplanted into normal data`);
  const rows = methods.map((method) => {
    const value = mean(drawn.map(({ recording, cause }) => hitAt(method.rank(recording), cause, 1)));
    const note = `${drawn.length} issues, ${new Set(drawn.map(({ cause }) => cause)).size} different causes`;
    return least(
      `transplanted.${method.name}.top1`,
      `damage put anywhere, ${method.name}: cause first`,
      value,
      null,
      note,
    );
  });
  for (const { share } of DROPS) {
    const lost = drawn.map(({ recording, cause }) => {
      const edges = recording.edges.filter(() => !random.chance(share));
      return hitAt(holdfast.rank({ ...recording, edges }), cause, 1);
    });
    rows.push(
      least(`transplanted.dropped.${share * 100}`, `the same, ${share * 100} % of the edges unknown`, mean(lost), null),
    );
  }
  const sure = reliability(drawn);
  rows.push(
    least('transplanted.calibration', 'mean gap between confidence and hits, ten bins', sure.error, null, sure.note),
  );
  return rows;
}

/** Fewest calls in a bin of a service that is given a fault here: hardly ever called is a place, too. */
const FEWEST_CALLS = 2;

/** The same with what recordings do to it, one trouble at a time; the worst kind of place is what to look at. */
function troubled(scenarios: readonly Scenario[], { quick, log }: BenchOptions): BenchRow[] {
  const random = Random.seeded(SEED + 1);
  const draws = quick ? 50 : 200;
  const drawn = scenarios.flatMap((scenario) =>
    Array.from({ length: draws }, () => transplant(scenario, random, FEWEST_CALLS)).filter((each) => each !== null),
  );
  if (drawn.length === 0) return [];
  log(`${drawn.length} issues with ${Object.keys(TROUBLES).length} troubles each`);
  return Object.entries(TROUBLES).flatMap(([name, { what, befall }]) => {
    const hits = drawn.map((each) => {
      const ranking = holdfast.rank(befall(each, random));
      const group = `${each.place}, ${each.kind}`;
      return { group, one: hitAt(ranking, each.cause, 1), three: hitAt(ranking, each.cause, 3) };
    });
    const worst = [...groups(hits, ({ group }) => group)]
      .map(([group, of]) => ({ group, one: mean(of.map(({ one }) => one)), count: of.length }))
      .sort((a, b) => a.one - b.one)[0];
    const three = mean(hits.map((hit) => hit.three)).toFixed(3);
    const note = `among the first three ${three}; worst: ${worst?.group} ${worst?.one.toFixed(2)} of ${worst?.count}`;
    const one = mean(hits.map((hit) => hit.one));
    return [least(`troubled.${name.replaceAll(' ', '-')}`, `${what}: cause first`, one, null, note)];
  });
}

function reliability(drawn: readonly Transplanted[]): { error: number; note: string } {
  const sure = drawn.flatMap(({ recording, cause }) => {
    const top = diagnoseRecording(recording).causes[0];
    return top === undefined ? [] : [{ confidence: top.confidence, right: top.name === cause }];
  });
  const { error, bins } = calibrationOf(sure);
  return { error, note: `confidence→hits (issues): ${bins.join(', ')}` };
}

/** Whole diagnoses, what was normal worked out from bins included; the median of several. */
function timed({ quick, log }: BenchOptions): BenchRow[] {
  return SIZES.map(({ services, target }) => {
    log(`a diagnosis of ${services} services`);
    const { recording, cause } = synthetic(services, Random.seeded(SEED));
    const rounds = services > 5_000 ? (quick ? 3 : 7) : 25;
    const times: number[] = [];
    let best = '';
    for (let n = 0; n < rounds + WARM_UP; n++) {
      const start = performance.now();
      best = diagnoseRecording(recording).causes[0]?.name ?? '';
      if (n >= WARM_UP) times.push(performance.now() - start);
    }
    const value = times.sort((a, b) => a - b)[times.length >> 1] as number;
    const fastest = `fastest ${(times[0] as number).toFixed(1)} ms`;
    const note = `${fastest}; ${recording.edges.length} edges, 120 normal bins; ${best === cause ? 'found' : 'did not find'} the cause`;
    const what = `one diagnosis of ${services} services, median of ${rounds}`;
    return { id: `time.${services}`, what, value, unit: 'ms', target, pass: value <= target, note };
  });
}

function specificity(
  scenarios: readonly Scenario[],
  methods: readonly Method[],
  { quick, log }: BenchOptions,
): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const cut of ['short', 'protocol'] as const) {
    const windows = scenarios.flatMap((scenario): Recording[] => [...normalWindows(scenario, cut, quick ? 10 : 1)]);
    if (windows.length === 0) continue;
    log(`${windows.length} ${cut} windows of normal data`);
    for (const method of methods) {
      if (method.name === 'random' || method.name === 'excess') continue;
      const value = mean(windows.map((window) => (method.reports(window) ? 0 : 1)));
      const what = `${method.name}: nothing reported on ${cut === 'short' ? 'issue-long' : 'the protocol’s'} windows of normal data`;
      rows.push(
        least(
          `specificity.${cut}.${method.name}`,
          what,
          value,
          method === holdfast ? 0.98 : null,
          `${windows.length} windows`,
        ),
      );
    }
  }
  return rows;
}

function least(id: string, what: string, value: number, target: number | null, note?: string): BenchRow {
  const pass = target === null ? null : value >= target;
  return { id, what, value, unit: '', target, pass, ...(note === undefined ? {} : { note }) };
}
