import { beforeEach, describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../../test/support/fake-view.ts';
import { Random } from '../../model/random.ts';
import { type Symptom, type SymptomClaim, symptomId } from '../../model/symptom.ts';
import { Board } from '../board.ts';
import { EvidencePool, FALSE_PER_DAY, MEMORY_MS, OPENS_AT, WINDOW_MS } from './pool.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const calls = (...names: string[]) => ({
  dependsOn: names.map((service) => ({ service, condition: 'started' as const, required: true })),
});

let view: FakeView;
let board: Board;
let pool: EvidencePool;
let alerts: Symptom[];

beforeEach(() => {
  view = new FakeView();
  board = new Board();
  pool = new EvidencePool();
  alerts = [];
});

/** `perDay`: how often chance alone says it. */
function remark(instance: string, resource: string, perDay: number, change: Partial<SymptomClaim> = {}): SymptomClaim {
  return {
    kind: 'anomalous',
    entity: { kind: 'instance', name: instance, service: instance.slice(0, instance.lastIndexOf('-')) },
    resource,
    onsetAt: 0,
    logP: Math.log10(500 / perDay),
    looksPerDay: 500,
    summary: `${instance} has odd ${resource}`,
    evidence: [],
    standing: 'advisory',
    ...change,
  };
}

function put(claim: SymptomClaim, now: number): void {
  board.settle(symptomId(claim.kind, claim.entity, claim.resource), claim, 0, now);
}

function say(claim: SymptomClaim, now: number): void {
  put(claim, now);
  look(now);
}

function look(now: number): void {
  for (let round = 0; round < 2; round++) {
    const news = board.takeNews();
    pool.note(news, view, now);
    alerts.push(...news.flatMap(({ kind, symptom }) => (kind === 'raised' && isAlert(symptom) ? [symptom] : [])));
    if (round === 0) pool.evaluate(view, board, now);
  }
}

const isAlert = ({ resource }: { readonly resource: string | null }): boolean => resource === 'evidence';
const names = (): string[] => alerts.map(({ entity }) => entity.name);
const isOpen = (): boolean => board.open().some(isAlert);

describe('remarks that add up', () => {
  beforeEach(() => {
    view
      .add(serviceSpec('db'))
      .add(serviceSpec('web', { replicas: 2, ...calls('db') }))
      .add(serviceSpec('alone'));
  });

  it('an odd metric calls nobody, however odd; with an odd log of the same service it does, and says how', () => {
    say(remark('web-1', 'metrics', 1e-9), 0);
    expect(alerts).toEqual([]);
    say(remark('web-2', 'log.new', 1e-3), MINUTE);
    expect(names()).toEqual(['web']);
    const [alert] = alerts;
    expect(alert).toMatchObject({ standing: 'alone', summary: 'web: metrics and logs are odd at the same time' });
    expect(alert?.logP).toBeGreaterThan(OPENS_AT);
    expect(alert?.evidence[0]).toMatch(/^metrics: web-1 has odd metrics \(1 in [\d,]+ by chance in 20m\)$/);
    expect(alert?.evidence.at(-1)).toMatch(/^together 1 in [\d,]+ by chance: −log10 p \d\.\d of 4\.7 that it takes$/);
  });

  it('many odd series, instances and neighbours of one family count once', () => {
    for (const name of ['web-1', 'web-2', 'db-1']) say(remark(name, 'metrics', 1e-9), 0);
    expect(alerts).toEqual([]);
  });

  it('what is barely said does not add up to an alert, and stronger evidence is needed of a neighbour', () => {
    say(remark('alone-1', 'metrics', 1), 0);
    say(remark('alone-1', 'log.new', 1), 0);
    say(remark('web-1', 'metrics', 0.02), 0);
    say(remark('db-1', 'log.new', 0.02), 0);
    expect(alerts).toEqual([]);
    say(remark('web-1', 'log.3', 0.005), MINUTE);
    expect(names()).toEqual(['web']);
    alerts = [];
    say(remark('db-1', 'metrics', 1e-9), MINUTE);
    expect(names(), 'a neighbour tells the same story').toEqual([]);
  });

  it('what came ten minutes apart, or around a change, does not belong together', () => {
    say(remark('web-1', 'metrics', 1e-9), 0);
    say(remark('web-1', 'log.new', 1e-9), WINDOW_MS + 1);
    expect(alerts).toEqual([]);
    view.inTransition.add('alone');
    say(remark('alone-1', 'metrics', 1e-9), WINDOW_MS + 2);
    view.inTransition.clear();
    say(remark('alone-1', 'log.new', 1e-9), WINDOW_MS + MINUTE);
    expect(alerts).toEqual([]);
  });

  it('what has no chance to speak of does not add up', () => {
    say(remark('web-1', 'metrics', 1e-9), 0);
    const { looksPerDay: _, ...trend } = remark('web-1', 'memory.forecast', 1e-9, { kind: 'saturating' });
    say(trend, 0);
    say({ ...trend, resource: 'check.disk', logP: null }, 0);
    expect(alerts).toEqual([]);
  });

  it('lasts as long as its remarks do, and is over when they are', () => {
    say(remark('web-1', 'metrics', 1e-9), 0);
    say(remark('web-1', 'log.new', 1e-9), 0);
    look(3 * WINDOW_MS);
    expect(isOpen()).toBe(true);
    board.clear(symptomId('anomalous', remark('web-1', '', 1).entity, 'log.new'), 3 * WINDOW_MS);
    for (let at = 3 * WINDOW_MS; isOpen() && at < 5 * WINDOW_MS; at += 1_000) look(at);
    expect(isOpen()).toBe(false);
  });

  it('an alert that led to nothing makes the next one ten times harder, for a week, unless something was done', () => {
    const both = (perDay: number, at: number): boolean => {
      alerts = [];
      say(remark('alone-1', 'metrics', perDay), at);
      say(remark('alone-1', 'log.new', perDay), at);
      for (const { id } of board.open()) board.clear(id, at);
      look(at);
      return alerts.length > 0;
    };
    expect(both(0.03, 0)).toBe(true);
    expect(both(0.03, DAY)).toBe(false);
    expect(both(0.001, 2 * DAY)).toBe(true);
    expect(both(0.001, 2.5 * DAY)).toBe(false);
    pool = new EvidencePool(structuredClone(pool.snapshot()));
    expect(both(0.001, 3 * DAY)).toBe(false);
    expect(both(0.03, 5 * MEMORY_MS)).toBe(true);
    expect(both(0.03, 5 * MEMORY_MS + DAY)).toBe(false);
    pool.acted('alone');
    expect(both(0.03, 5 * MEMORY_MS + 2 * DAY)).toBe(true);
  });
});

/**
 * A month of fifty services with everything that the gate lets through, at the rates that chance alone brings up: any
 * strength down from twice a day, of each family. `together`: metrics of all services are odd at once, as when the load
 * jumps.
 */
function month(seed: number, together: boolean): number {
  const random = Random.seeded(seed);
  view = new FakeView();
  board = new Board();
  pool = new EvidencePool();
  alerts = [];
  for (let n = 0; n < 50; n++) {
    view.add(serviceSpec(`s${n}`, n === 0 ? {} : calls(`s${Math.floor(random.float() * n)}`)));
  }
  const events: { readonly at: number; readonly claims: SymptomClaim[] }[] = [];
  const draw = (perDay: number, make: () => SymptomClaim[]): void => {
    for (let at = 0; ; ) {
      at += (-Math.log(1 - random.float()) * DAY) / perDay;
      if (at > 30 * DAY) return;
      events.push({ at, claims: make() });
    }
  };
  const strength = (): number => 2 * (1 - random.float());
  const services = [...view.services.keys()];
  if (together) draw(2, () => services.map((name) => remark(`${name}-1`, 'metrics', strength())));
  for (const name of services) {
    if (!together) draw(2, () => [remark(`${name}-1`, 'metrics', strength())]);
    draw(2, () => [remark(`${name}-1`, 'log.new', strength())]);
    draw(2, () => [remark(`${name}-1`, 'objective.fast', strength())]);
  }
  for (const { at, claims } of events.sort((a, b) => a.at - b.at)) {
    for (const claim of claims) put(claim, at);
    look(at);
    for (const { id } of board.open()) board.clear(id, at);
  }
  return alerts.length;
}

describe('by chance alone', () => {
  const allowed = 50 * 30 * FALSE_PER_DAY;
  const SEEDS = [1, 2, 3];

  it.each([
    ['each of its own', false],
    ['all metrics at once', true],
  ])(
    'fifty services give no more than an alert a year each (%s)',
    (_, together) => {
      const counts = SEEDS.map((seed) => month(seed, together));
      const mean = counts.reduce((sum, count) => sum + count, 0) / SEEDS.length;
      expect(mean, counts.join()).toBeLessThanOrEqual(allowed);
    },
    120_000,
  );
});
