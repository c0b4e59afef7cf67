import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig, WALL_MS } from '../testing/rig.ts';
import { ProtoWriter } from '../wire/proto-writer.ts';
import { Malformed } from '../wire/protobuf.ts';
import { accept, KINDS, type Kind, responseBytes } from './decode.ts';
import { jsonToProtobuf, toProtobuf } from './json.ts';

const [traces, metrics, logs] = KINDS as [Kind, Kind, Kind];
const NANOS = String(BigInt(WALL_MS) * 1_000_000n);
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const resource = (name: string, instance?: string): object => ({
  attributes: [
    attribute('telemetry.sdk.language', 'nodejs'),
    attribute('service.name', name),
    ...(instance === undefined ? [] : [attribute('service.instance.id', instance)]),
  ],
});

let open: Rig | undefined;
afterEach(() => open?.hub.close());
function make(limits = {}): Rig {
  open = rig(limits);
  return open;
}
const give = (it: Rig, kind: Kind, json: object): ReturnType<typeof accept> =>
  accept(kind, toProtobuf(json, kind.json), it.hub, 'otlp-http');

const span = (spanId: string, kind: number, more: object = {}): object => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId,
  name: 'GET /',
  kind,
  startTimeUnixNano: NANOS,
  endTimeUnixNano: String(BigInt(NANOS) + 5_000_000n),
  ...more,
});
const spansOf = (name: string, spans: object[], instance?: string): object => ({
  resourceSpans: [{ resource: resource(name, instance), scopeSpans: [{ scope: { name: 'x' }, spans }] }],
});
const numbers = (data: object, name = 'm'): object => ({
  resourceMetrics: [
    { resource: resource('shop'), scopeMetrics: [{ metrics: [{ name, description: 'd', unit: 's', ...data }] }] },
  ],
});
const point = (more: object): object => ({ timeUnixNano: NANOS, ...more });

describe('OTLP traces', () => {
  it('become edges, with status, instance and peers', () => {
    const it = make();
    give(it, traces, spansOf('shop', [span('00000000000000a1', 2), span('00000000000000a2', 3)]));
    give(
      it,
      traces,
      spansOf('pay', [span('00000000000000b1', 2, { parentSpanId: '00000000000000a2', status: { code: 2 } })], 'pay-1'),
    );
    const attributes = [attribute('db.system', 'postgresql'), attribute('server.address', 'db')];
    attributes.push({ key: 'server.port', value: { intValue: '5432' } } as object);
    give(it, traces, spansOf('pay', [span('00000000000000b2', 3, { attributes })]));
    give(
      it,
      traces,
      spansOf('pay', [span('00000000000000b3', 3, { attributes: [attribute('peer.service', 'mail')] })]),
    );
    it.advance(1_000);
    expect(it.edges()).toEqual(['(outside)>shop 1/0', 'pay>db:5432 1/0', 'pay>mail 1/0', 'shop>pay/pay-1 1/1']);
  });

  it('are refused one by one when their ids are not ids, and the sender is told', () => {
    const it = make();
    const partial = give(it, traces, spansOf('shop', [span('00', 2), span('00000000000000a2', 2)]));
    expect(partial?.rejected).toBe(1);
    expect(responseBytes(partial).length).toBeGreaterThan(10);
    expect(it.hub.meter.total('spans', 'malformed')).toBe(1);
    expect(it.hub.meter.total('spans', null)).toBe(1);
  });

  it('leave nothing behind when the request is cut short anywhere', () => {
    const whole = toProtobuf(spansOf('shop', [span('00000000000000a1', 2), span('00000000000000a2', 2)]), traces.json);
    for (let length = 1; length < whole.length; length++) {
      const it = make();
      expect(() => accept(traces, whole.subarray(0, length), it.hub, 'otlp-http')).toThrow(Malformed);
      it.settle();
      it.hub.close();
      expect(it.edges()).toEqual([]);
    }
  });
});

describe('OTLP metrics', () => {
  it('keep name, unit, labels and kind; the same bytes find the same series', () => {
    const it = make();
    const sum = (monotonic: boolean, temporality: number): object => ({
      sum: {
        dataPoints: [point({ asInt: '-3', attributes: [attribute('k', 'v')] })],
        isMonotonic: monotonic,
        aggregationTemporality: temporality,
      },
    });
    give(it, metrics, numbers({ gauge: { dataPoints: [point({ asDouble: 1.5 })] } }));
    give(it, metrics, numbers(sum(true, 2), 'total'));
    give(it, metrics, numbers(sum(false, 2), 'level'));
    give(it, metrics, numbers(sum(true, 1), 'added'));
    give(it, metrics, numbers(sum(true, 2), 'total'));
    expect(it.points()).toEqual([
      'm{service.name=shop} 1.5',
      'total{k=v,service.name=shop} -3',
      'level{k=v,service.name=shop} -3',
      'added{k=v,service.name=shop} -3',
      'total{k=v,service.name=shop} -3',
    ]);
    const series = it.batches.map(({ points }) => points.series[0]);
    expect(series.map((one) => one?.kind)).toEqual(['gauge', 'counter', 'gauge', 'delta', 'counter']);
    expect(series[1]).toBe(series[4]);
    expect(series[0]).toMatchObject({ unit: 's', source: 'shop' });
    expect(it.batches[0]?.points.wallMs[0]).toBe(WALL_MS);
  });

  it('turn distributions into counts, sums, cumulative buckets and quantiles', () => {
    const it = make();
    const histogram = point({ count: '6', sum: 12.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.1, 1] });
    give(it, metrics, numbers({ histogram: { dataPoints: [histogram], aggregationTemporality: 2 } }, 'h'));
    give(it, metrics, numbers({ exponentialHistogram: { dataPoints: [point({ count: 4, sum: 8 })] } }, 'e'));
    const quantileValues = [
      { quantile: 0.5, value: 1 },
      { quantile: 0.99, value: 9 },
    ];
    give(it, metrics, numbers({ summary: { dataPoints: [point({ count: 4, sum: 8, quantileValues })] } }, 's'));
    expect(it.points()).toEqual([
      'h_count{service.name=shop} 6',
      'h_sum{service.name=shop} 12.5',
      'h_bucket{le=0.1,service.name=shop} 1',
      'h_bucket{le=1,service.name=shop} 3',
      'h_bucket{le=+Inf,service.name=shop} 6',
      'e_count{service.name=shop} 4',
      'e_sum{service.name=shop} 8',
      's_count{service.name=shop} 4',
      's_sum{service.name=shop} 8',
      's{quantile=0.5,service.name=shop} 1',
      's{quantile=0.99,service.name=shop} 9',
    ]);
  });

  it('refuse a source that invents series, and leave the others alone', () => {
    const it = make({ maxSeriesPerSource: 5 });
    const dataPoints = Array.from({ length: 20 }, (_, n) =>
      point({ asInt: n, attributes: [attribute('user', `${n}`)] }),
    );
    expect(give(it, metrics, numbers({ gauge: { dataPoints } }))?.rejected).toBe(15);
    expect(it.hub.meter.total('points', 'too-many-series')).toBe(15);
    const other = {
      resourceMetrics: [
        { resource: resource('other'), scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] },
      ],
    };
    expect(give(it, metrics, other)?.rejected).toBe(15);
    expect(it.points()).toHaveLength(10);
  });

  it('refuse points with too many or too long labels, and leave stale markers out', () => {
    const it = make({ maxLabels: 3, maxLabelBytes: 50 });
    const many = Array.from({ length: 4 }, (_, n) => attribute(`k${n}`, 'v'));
    give(it, metrics, numbers({ gauge: { dataPoints: [point({ asInt: 1, attributes: many })] } }));
    give(
      it,
      metrics,
      numbers({ gauge: { dataPoints: [point({ asInt: 1, attributes: [attribute('k', 'x'.repeat(99))] })] } }),
    );
    expect(it.hub.meter.total('points', 'too-many-labels')).toBe(2);
    expect(give(it, metrics, numbers({ gauge: { dataPoints: [point({ flags: 1 })] } }))).toBeNull();
    expect(it.hub.meter.total('points', 'not-a-number')).toBe(1);
    expect(it.points()).toEqual([]);
  });
});

describe('OTLP logs', () => {
  it('become lines, whatever their body is', () => {
    const it = make({ maxLineBytes: 100 });
    const record = (body: object, more: object = {}): object => ({ timeUnixNano: NANOS, body, ...more });
    const logRecords = [
      record({ stringValue: 'out of memory' }, { severityNumber: 17, attributes: [attribute('a', 'b')] }),
      record({ kvlistValue: { values: [{ key: 'n', value: { intValue: '7' } }] } }, { severityText: 'Warning' }),
      record({ stringValue: 'y'.repeat(200) }),
    ];
    give(it, logs, { resourceLogs: [{ resource: resource('shop', 'i'), scopeLogs: [{ logRecords }] }] });
    const lines = it.batches[0]?.logs ?? [];
    expect(lines[0]).toEqual({
      wallMs: WALL_MS,
      service: 'shop',
      instance: 'i',
      severity: 'error',
      text: 'out of memory',
      attributes: { a: 'b' },
    });
    expect(lines[1]).toMatchObject({ severity: 'warn', text: '{"n":"7"}' });
    expect(lines[2]).toMatchObject({ severity: null, text: 'y'.repeat(100) });
    expect(it.hub.meter.total('logs', 'cut')).toBe(1);
  });
});

describe('whatever the bytes', () => {
  it('decoding ends with a batch or with Malformed, and nested bombs end as well', () => {
    const it = make();
    const sound = KINDS.map((kind) =>
      toProtobuf(
        kind === traces
          ? spansOf('a', [span('00000000000000a1', 3)])
          : numbers({ gauge: { dataPoints: [point({ asInt: 1 })] } }),
        kind === traces ? traces.json : metrics.json,
      ),
    );
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 40 }), (which, at, byte, tail) => {
        const kind = KINDS[which] as Kind;
        const bytes = Uint8Array.from([...(sound[which] as Uint8Array), ...tail]);
        bytes[at % bytes.length] = byte;
        try {
          accept(kind, bytes, it.hub, 'fuzz');
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
    let bomb = new ProtoWriter().text(1, 'x').bytes();
    for (let n = 0; n < 200; n++) bomb = new ProtoWriter().message(5, (list) => list.chunk(1, bomb)).bytes();
    const record = new ProtoWriter()
      .message(1, (r) => r.message(2, (s) => s.message(2, (l) => l.chunk(5, bomb))))
      .bytes();
    expect(() => accept(logs, record, it.hub, 'fuzz')).toThrow('nested too deeply');
  });

  it('JSON says where it is wrong', () => {
    const wrong = (text: string): void => void jsonToProtobuf(text, traces.json);
    expect(() => wrong('{')).toThrow(Malformed);
    expect(() => wrong('[]')).toThrow('the request is not an object');
    expect(() => wrong('{"resourceSpans":{}}')).toThrow('resourceSpans is not a list');
    expect(() => wrong('{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"xyz"}]}]}]}')).toThrow(
      'resourceSpans.scopeSpans.spans.spanId is not hex',
    );
    expect(() => wrong('{"resourceSpans":[],"__proto__":1,"unknown":2}')).not.toThrow();
  });
});
