import { describe, expect, it } from 'vitest';
import { launchOf } from '../../../test/support/runtime.ts';
import type { Series } from '../../model/telemetry.ts';
import { Residents } from './residents.ts';

/** 200 is a child of 100, which leads the group. */
function residents(): Residents {
  const known = new Residents({ groupOf: (pid) => (pid === 200 ? 100 : null) });
  for (const [name, pid] of [
    ['web-1', 100],
    ['web-2', 101],
  ] as const) {
    known.add(launchOf(['run'], { instance: name, service: 'web' }));
    known.started(name, pid);
  }
  return known;
}

const series = (labels: Record<string, string>): Series => ({
  id: 1,
  name: 'depth',
  kind: 'gauge',
  unit: '',
  source: labels['service.name'] ?? '',
  labels,
});

describe('who speaks, by its process', () => {
  it('is the instance whose main process it is, or a child of that', () => {
    const known = residents();
    expect(known.find('web', 'pid/101')).toMatchObject({ name: 'web-2' });
    expect(known.find('web', 'pid/200')).toMatchObject({ name: 'web-1' });
    expect(known.find('unknown_service:node', 'pid/100')).toMatchObject({ name: 'web-1' });
    expect(known.find('web', 'pid/7')).toEqual({ kind: 'service', name: 'web' });
  });

  it('is not believed of somebody with another name: other machines have the same numbers', () => {
    expect(residents().find('elsewhere', 'pid/100')).toBeNull();
  });

  it('is asked when the instance that is named is nobody we know', () => {
    const known = residents();
    const made = { 'service.name': 'web', 'service.instance.id': 'f0e1d2c3-0000-4000-8000-000000000000' };
    expect(known.ofSeries(series({ ...made, 'process.pid': '101' }))).toMatchObject({ name: 'web-2' });
    expect(known.ofSeries(series(made))).toEqual({ kind: 'service', name: 'web' });
    const right = { 'service.name': 'web', 'service.instance.id': 'web-1', 'process.pid': '101' };
    expect(known.ofSeries(series(right))).toMatchObject({ name: 'web-1' });
  });

  it('ends with the process', () => {
    const known = residents();
    known.ended('web-2');
    expect(known.find('web', 'pid/101')).toEqual({ kind: 'service', name: 'web' });
    known.started('web-2', 102);
    known.remove('web-2');
    expect(known.find('unknown_service', 'pid/102')).toBeNull();
  });
});
