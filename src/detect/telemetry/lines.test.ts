import { describe, expect, it } from 'vitest';
import type { EntityRef } from '../../model/symptom.ts';
import { lineTime } from './line-time.ts';
import { CHANGE_MS, LogStreams, MAX_STREAMS } from './lines.ts';

const WEB: EntityRef = { kind: 'instance', name: 'web-1', service: 'web' };
const NOW = 1_700_000_000_000;
const same = (at: number): number => at;
const always = (): boolean => true;

/** An hour of its past, told at once. */
function known(): LogStreams {
  const streams = new LogStreams();
  for (let ago = 3_600; ago > 0; ago -= 2) {
    streams.take(WEB, `request ${ago * 7} served in ${ago % 90} ms`, NOW - ago * 1_000, NOW);
  }
  return streams;
}

/** Seconds of the present, `trouble` in each of them. */
function live(streams: LogStreams, from: number, seconds: number, trouble: string | null) {
  const found = [];
  for (let s = 0; s < seconds; s++) {
    const at = from + s * 1_000;
    if (s % 2 === 0) streams.take(WEB, `request ${s * 3} served in ${s} ms`, at, at);
    if (trouble !== null) for (let n = 0; n < 5; n++) streams.take(WEB, `${trouble}-${s}${n}: refused`, at, at);
    found.push(...streams.candidates(at, same, always));
  }
  return found.map(({ claim }) => claim);
}

describe('log streams', () => {
  it('learn the past that comes at once, and claim what is new in the present', () => {
    const streams = known();
    expect(live(streams, NOW, 30, null)).toEqual([]);
    const [claim] = live(streams, NOW + 30_000, 20, 'cannot reach db');
    expect(claim).toMatchObject({ kind: 'anomalous', entity: WEB, resource: 'log.volume', standing: 'advisory' });
    expect(claim?.summary).toContain('logs much more than usual, mostly "cannot reach db-<*>: refused"');
    expect(claim?.figure?.recent.at(-1)).toBeGreaterThan(10);
  });

  it('claim nothing while the instance starts or stops', () => {
    const streams = known();
    live(streams, NOW, 10, null);
    streams.changed(WEB, NOW + 10_000);
    expect(live(streams, NOW + 10_000, CHANGE_MS / 1_000, 'shutting down')).toEqual([]);
  });

  it('claim silence only of what runs', () => {
    const quiet = (runs: boolean) => {
      const streams = known();
      live(streams, NOW, 10, null);
      return Array.from({ length: 300 }, (_, s) =>
        streams.candidates(NOW + 10_000 + s * 1_000, same, () => runs),
      ).flat();
    };
    expect(quiet(true).some(({ claim }) => claim.kind === 'silent')).toBe(true);
    expect(quiet(false)).toEqual([]);
  });

  it('pass over lines that come much too late', () => {
    const streams = known();
    live(streams, NOW, 20, null);
    for (let n = 0; n < 500; n++) streams.take(WEB, `request ${n} served in 5 ms`, NOW - 60_000, NOW + 20_000);
    expect(streams.late).toBe(500);
    expect(live(streams, NOW + 20_000, 20, null)).toEqual([]);
  });

  it('are shared by a service when there are too many instances', () => {
    const streams = new LogStreams();
    for (let n = 0; n < MAX_STREAMS + 50; n++) {
      streams.take({ kind: 'instance', name: `web-${n}`, service: 'web' }, 'hello', NOW, NOW);
    }
    expect(streams.size).toBe(MAX_STREAMS + 1);
  });
});

describe('the time of a line', () => {
  it.each([
    ['2026-01-02T03:04:05.678Z started', Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
    ['[2026-01-02 03:04:05,678 +0100] started', Date.UTC(2026, 0, 2, 2, 4, 5, 678)],
    ['{"level":"info","time":"2026-01-02T03:04:05+00:00"}', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['started at once', null],
    ['2026-99-99T03:04:05Z', null],
    [`${'x'.repeat(150)} 2026-01-02T03:04:05Z`, null],
  ])('%s', (line, time) => {
    expect(lineTime(line)).toBe(time);
  });
});
