import { describe, expect, it } from 'vitest';
import { blow } from './blow.ts';

const experiment = (own: object): Record<string, unknown> => ({ method: [{ type: 'action', 'x-holdfast': own }] });

describe('what an experiment will do', () => {
  it.each<[object, string]>([
    [{ fault: 'kill', target: { service: 'api' } }, 'kill on one instance of api'],
    [{ fault: 'kill', target: { service: 'api', select: 'all' } }, 'kill on every instance of api'],
    [{ fault: 'pause', target: { instances: ['api-1'] }, for: 20 }, 'pause on api-1 for 20s'],
    [
      { fault: 'latency', target: { service: 'api' }, for: '5s', ms: 300 },
      'latency (ms 300) on one instance of api for 5s',
    ],
    [{ fault: 'cpu', target: { node: 'localhost' } }, 'cpu on the machine'],
  ])('%j', (own, line) => expect(blow(experiment(own))).toEqual([line]));

  it('says nothing of what it cannot read', () => {
    expect(blow({})).toEqual([]);
    expect(blow({ method: [{ type: 'probe' }, null, 7] })).toEqual([]);
  });
});
