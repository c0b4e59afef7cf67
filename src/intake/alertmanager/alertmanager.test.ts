import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WALL_MS } from '../testing/rig.ts';
import { Malformed } from '../wire/protobuf.ts';
import { alerts } from './index.ts';

const alert = (status: string, labels: object, more: object = {}): object => ({
  status,
  labels,
  annotations: { summary: 'too slow' },
  startsAt: '2024-01-02T03:04:05.5Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus:9090/graph',
  fingerprint: 'c0ffee',
  ...more,
});
const read = (list: unknown): ReturnType<typeof alerts> =>
  alerts(JSON.stringify({ version: '4', status: 'firing', receiver: 'holdfast', alerts: list }), WALL_MS, 64);

describe('alerts of others', () => {
  it('become checks: who, what, how bad, since when', () => {
    const reports = read([
      alert('firing', { alertname: 'Slow', job: 'web', service: 'shop', severity: 'page' }),
      alert('firing', { alertname: 'Disk', instance: 'n1:9100', severity: 'Warning' }),
      alert('resolved', { alertname: 'Slow', job: 'web' }, { endsAt: '2024-01-02T04:00:00Z' }),
    ]);
    expect(reports[0]).toEqual({
      wallMs: Date.UTC(2024, 0, 2, 3, 4, 5, 500),
      subject: 'shop',
      check: 'Slow',
      state: 'critical',
      text: 'too slow',
      labels: { alertname: 'Slow', job: 'web', service: 'shop', severity: 'page', fingerprint: 'c0ffee' },
    });
    expect(reports[1]).toMatchObject({ subject: 'n1:9100', state: 'warning' });
    expect(reports[2]).toMatchObject({ subject: 'web', state: 'ok', wallMs: Date.UTC(2024, 0, 2, 4) });
  });

  it('are refused when they are not version 4', () => {
    expect(() => alerts('{"alerts":{}}', 0, 9)).toThrow('no list of alerts');
    expect(() => alerts('no', 0, 9)).toThrow(Malformed);
    expect(() => read([{}])).toThrow('alert 0 has no labels');
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          alerts(`{"alerts":[${text}]}`, WALL_MS, 64);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
    );
  });
});
