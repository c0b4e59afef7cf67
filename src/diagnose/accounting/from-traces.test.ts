import { expect, it } from 'vitest';
import { diagnoseRecording } from '../combine.ts';
import { BINS, ONSET_MS, recording } from '../recorded/testing/build.ts';
import type { RecordedSpan } from '../recorded/types.ts';
import { fromTraces } from './from-traces.ts';

const NORMAL = Array.from({ length: 10 }, (_, bin) => ({ fromMs: (bin - 20) * 60_000, toMs: (bin - 19) * 60_000 }));
const WINDOWS = { bins: BINS, normalBins: NORMAL, onsetMs: ONSET_MS };

interface Times {
  readonly pay: number;
  readonly network: number;
  readonly lost?: boolean;
}

/** front → pay, one request every second: client span around server span. */
function trace(atMs: number, { pay, network, lost = false }: Times): RecordedSpan[] {
  const base = { trace: `t${atMs}`, failed: lost, peer: null };
  const client = pay + network;
  const spans: RecordedSpan[] = [
    {
      ...base,
      id: '1',
      parent: null,
      service: 'front',
      kind: 'server',
      operation: 'GET /',
      startMs: atMs,
      durationMs: client + 5,
    },
    {
      ...base,
      id: '2',
      parent: '1',
      service: 'front',
      kind: 'client',
      operation: 'charge',
      startMs: atMs + 2,
      durationMs: client,
      peer: 'pay',
    },
    {
      ...base,
      id: '3',
      parent: '2',
      service: 'pay',
      kind: 'server',
      operation: 'charge',
      startMs: atMs + 3,
      durationMs: pay,
    },
  ];
  return lost ? spans.slice(0, 2) : spans;
}

function spansOf(later: Times): RecordedSpan[] {
  const usual = { pay: 20, network: 1 };
  const starts = (bins: typeof BINS): number[] =>
    bins.flatMap(({ fromMs }) => Array.from({ length: 60 }, (_, n) => fromMs + n * 1_000));
  return [...starts(NORMAL), ...starts(BINS)].flatMap((atMs) => trace(atMs, atMs >= ONSET_MS ? later : usual));
}

function diagnose(later: Times, kind: 'slow' | 'erroring' = 'slow') {
  const parts = fromTraces(spansOf(later), WINDOWS);
  return diagnoseRecording(recording({ ...parts, symptom: { service: 'front', kind, onsetMs: ONSET_MS } }));
}

it('counts calls per bin and keeps both views of an edge', () => {
  const { services, edges } = fromTraces(spansOf({ pay: 20, network: 1 }), WINDOWS);
  expect(services.map(({ service }) => service).sort()).toEqual(['front', 'pay']);
  expect(edges).toHaveLength(1);
  expect(Array.from(edges[0]?.seen?.incident.requests ?? [])).toEqual([60, 60, 60, 60, 60]);
  expect(edges[0]?.seen?.incident.latencyMs[0]).toBeCloseTo(21);
  expect(edges[0]?.answered?.incident.latencyMs[0]).toBeCloseTo(20);
});

it('a slow callee is a slow callee', () => {
  expect(diagnose({ pay: 120, network: 1 }).causes[0]).toMatchObject({ name: 'pay', faultClass: 'software' });
});

it('time lost between the spans is the network’s', () => {
  expect(diagnose({ pay: 20, network: 100 }).causes[0]).toMatchObject({ name: 'pay', faultClass: 'network' });
});

it('calls that never arrived are the network’s too, or the callee’s that is gone', () => {
  expect(diagnose({ pay: 20, network: 1, lost: true }, 'erroring').causes[0]).toMatchObject({
    name: 'pay',
    faultClass: 'network',
  });
});

it('tells shapes of work apart, and a page of many rows from a new call', () => {
  const usual = trace(-660_000, { pay: 20, network: 1 });
  const twice = [...usual, { ...(usual[2] as RecordedSpan), id: '4', startMs: -659_000 }];
  const { shapes } = fromTraces([...twice, ...trace(ONSET_MS, { pay: 20, network: 1 })], WINDOWS);
  expect(shapes.filter(({ service }) => service === 'front')).toEqual([
    { service: 'front', operation: 'GET /', calls: 'pay.charge', incident: 1, normal: 1 },
  ]);
});
