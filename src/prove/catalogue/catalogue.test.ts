import { describe, expect, it } from 'vitest';
import type { FaultKindFacts } from '../../model/fault.ts';
import { parseExperiment } from '../experiment/index.ts';
import { catalogue, type ServiceFacts, scheduleExperiment } from './index.ts';
import { ALONE_FOR_MS, HALT_FOR_MS, TRIALS } from './trials.ts';

const kinds: readonly FaultKindFacts[] = TRIALS.map(({ kind, forMs, parameters }) => ({
  kind,
  what: '',
  parameters: Object.fromEntries(Object.keys(parameters).map((name) => [name, ''])),
  instant: forMs === null,
  targets: [],
  needs: '',
  measured: '',
  reverted: '',
  possible: kind !== 'network',
  how: 'no nft',
}));
const known = Object.fromEntries(kinds.map(({ kind, instant }) => [kind, { what: '', parameters: null, instant }]));
const shop: ServiceFacts = { name: 'shop', replicas: 2, hasPort: true, speaksHttp: true, callers: ['gate'] };
const loner: ServiceFacts = { name: 'loner', replicas: 1, hasPort: false, speaksHttp: false, callers: [] };
const all = { faults: [], services: [] };

describe('the catalogue', () => {
  it('is made of experiments that can be read', () => {
    const { cells } = catalogue([shop, loner], [], kinds, all);
    for (const { experiment, kind, service } of cells) {
      const { experiment: read, notices } = parseExperiment(experiment, { kinds: known });
      expect(notices).toEqual([]);
      expect(read.title).toBe(`${kind} on ${service ?? 'the machine'}`);
      expect(read.hypothesis?.probes).toHaveLength(1);
    }
  });

  it('leaves out what cannot be done here or makes no sense, and says why', () => {
    const { cells, left } = catalogue([shop, loner], [], kinds, all);
    expect(left).toContainEqual({ kind: 'network', service: null, why: 'no nft' });
    expect(left).toContainEqual({ kind: 'reset', service: 'loner', why: 'it has no port' });
    expect(cells.some(({ kind, service }) => kind === 'reset' && service === 'shop')).toBe(true);
    expect(cells.some(({ kind }) => kind === 'files')).toBe(false);
  });

  it('strikes the whole machine only when everybody opted in', () => {
    expect(catalogue([shop], [], kinds, all).cells.filter(({ service }) => service === null)).not.toEqual([]);
    const { cells, left } = catalogue([shop], ['loner'], kinds, all);
    expect(cells.filter(({ service }) => service === null)).toEqual([]);
    expect(left.map(({ why }) => why).join()).toContain('loner did not opt in');
  });

  it('has a fault of the only instance over before it halts its own run', () => {
    const alone = { ...shop, name: 'alone', replicas: 1 };
    const { cells } = catalogue([shop, alone], [], kinds, { faults: ['latency'], services: [] });
    expect(cells.map(({ forMs }) => forMs)).toEqual([20_000, ALONE_FOR_MS]);
    const [, last] = cells.map(({ experiment }) => parseExperiment(experiment, { kinds: known }).experiment);
    expect(HALT_FOR_MS).toBe(last?.safety.halt.forMs);
    expect(ALONE_FOR_MS).toBeLessThan(HALT_FOR_MS);
    const loop = catalogue([alone], [], kinds, { faults: ['crash-loop'], services: [] });
    expect(loop.cells.map(({ forMs }) => forMs)).toEqual([12_000]);
  });

  it('takes only the faults and services that are named', () => {
    const { cells } = catalogue([shop, loner], [], kinds, { faults: ['kill', 'files'], services: ['shop'] });
    expect(cells.map(({ kind, service }) => `${kind} ${service}`)).toEqual(['kill shop', 'files shop']);
  });

  it('makes one experiment of a schedule: in the background but the last, each after its distance', () => {
    const schedule = [
      { kind: 'pause', service: 'shop', forMs: 5_000, gapMs: 0 },
      { kind: 'kill', service: 'loner', forMs: null, gapMs: 1_000 },
    ];
    const { experiment } = parseExperiment(scheduleExperiment(schedule, 'two'), { kinds: known });
    expect(experiment.method.map(({ background, pauseBeforeMs }) => [background, pauseBeforeMs])).toEqual([
      [true, 0],
      [false, 1_000],
    ]);
    expect(experiment.expect).toMatchObject({ blamed: null, repairedWithinMs: 150_000 });
  });
});
