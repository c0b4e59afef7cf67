import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig, WALL_MS } from '../testing/rig.ts';
import { ProtoWriter } from '../wire/proto-writer.ts';
import { Malformed } from '../wire/protobuf.ts';
import { decodeWrite } from './remote-write.ts';
import { snappyLength, unsnappy } from './snappy.ts';
import { parseText } from './text.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function make(limits = {}): Rig {
  open = rig(limits);
  return open;
}

function text(it: Rig, body: string, openMetrics = false, labels: Record<string, string> = {}): void {
  const batch = it.hub.batch('test');
  parseText(Buffer.from(body), { openMetrics, source: 'job', labels, wallMs: WALL_MS }, it.hub, batch);
  batch.commit();
}

describe('exposition text', () => {
  it('0.0.4, as the format description shows it', () => {
    const it = make();
    text(
      it,
      [
        '# HELP http_requests_total The total number of HTTP requests.',
        '# TYPE http_requests_total counter',
        'http_requests_total{method="post",code="200"} 1027 1395066363000',
        'http_requests_total{method="post",code="400",}    3 1395066363000',
        '# Escaping in label values:',
        'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9',
        '',
        'metric_without_timestamp_and_labels 12.47\r',
        'something_weird{problem="division by zero"} +Inf -3982045',
        '\t curly{a="}",b="{"} -0.5',
        '# TYPE rpc_duration_seconds summary',
        'rpc_duration_seconds{quantile="0.5"} 4773',
        'rpc_duration_seconds_sum 1.7560473e+07',
        'rpc_duration_seconds_count 2693',
        'gone NaN',
      ].join('\n'),
    );
    expect(it.points()).toEqual([
      'http_requests_total{code=200,method=post} 1027',
      'http_requests_total{code=400,method=post} 3',
      'msdos_file_access_time_seconds{error=Cannot find file:\n"FILE.TXT",path=C:\\DIR\\FILE.TXT} 1458255915',
      'metric_without_timestamp_and_labels{} 12.47',
      'something_weird{problem=division by zero} Infinity',
      'curly{a=},b={} -0.5',
      'rpc_duration_seconds{quantile=0.5} 4773',
      'rpc_duration_seconds_sum{} 17560473',
      'rpc_duration_seconds_count{} 2693',
    ]);
    const { series, wallMs } = it.batches[0]?.points ?? { series: [], wallMs: [] };
    expect(series.map(({ kind }) => kind).join()).toBe('counter,counter,gauge,gauge,gauge,gauge,gauge,counter,counter');
    expect([wallMs[0], wallMs[3], wallMs[4]]).toEqual([1_395_066_363_000, WALL_MS, -3_982_045]);
    expect(it.hub.meter.total('points', 'not-a-number')).toBe(1);
  });

  it('OpenMetrics: units, exemplars, times in seconds, quoted names, an end', () => {
    const it = make();
    const body = [
      '# TYPE took_seconds histogram',
      '# UNIT took_seconds seconds',
      'took_seconds_bucket{le="+Inf"} 17 1520879607.789 # {trace_id="a b"} 0.67 1520879607.1',
      'took_seconds_sum 5 # {trace_id="x"} 0.67',
      '{"http.requests",code="200"} 4',
      '# EOF',
    ];
    text(it, `${body.join('\n')}\n`, true);
    expect(it.points()).toEqual([
      'took_seconds_bucket{le=+Inf} 17',
      'took_seconds_sum{} 5',
      'http.requests{code=200} 4',
    ]);
    expect(it.batches[0]?.points.wallMs[0]).toBeCloseTo(1_520_879_607_789, 0);
    expect(it.batches[0]?.points.series[1]?.unit).toBe('seconds');
    expect(() => text(it, 'a 1\n', true)).toThrow('no # EOF');
    expect(() => text(it, '# EOF\na 1\n', true)).toThrow('line 2: text after # EOF');
  });

  it('says which line is wrong, and takes none of the others', () => {
    const it = make();
    for (const [body, error] of [
      ['a 1\nb x', 'line 2: "x" is not a number'],
      ['a{b="c} 1', 'braces are not closed'],
      ['a{b=c} 1', 'a label without quotes'],
      ['a{b} 1', 'a label without a value'],
      ['a{b="c" d="e"} 1', 'not separated'],
      ['{b="c"} 1', 'no name'],
      ['a', 'no value'],
      ['a 1 2 3', 'text after the time'],
    ] as const)
      expect(() => text(it, body)).toThrow(error);
    expect(it.points()).toEqual([]);
  });

  it('adds the labels of the target, and keeps those of the text aside', () => {
    const it = make();
    text(it, 'a{job="own"} 1', false, { job: 'web', instance: 'x:1' });
    expect(it.points()).toEqual(['a{exported_job=own,instance=x:1,job=web} 1']);
  });

  it('reads back any name, label and value', () => {
    const it = make();
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
    const label = fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/);
    const value = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => !/[\n\r]/.test(one));
    fc.assert(
      fc.property(
        name,
        fc.dictionary(label, value, { noNullPrototype: true }),
        fc.double({ noNaN: true }),
        (n, labels, v) => {
          it.batches.length = 0;
          const escaped = (one: string): string => one.replace(/[\\"]/g, (char) => `\\${char}`);
          const inner = Object.entries(labels).map(([key, one]) => `${key}="${escaped(one)}"`);
          const written = v === Number.POSITIVE_INFINITY ? '+Inf' : v === Number.NEGATIVE_INFINITY ? '-Inf' : String(v);
          text(it, `${n}{${inner.join(',')}} ${written}\n`);
          const points = it.batches[0]?.points;
          return (
            points?.series[0]?.name === n &&
            JSON.stringify(Object.entries(points.series[0].labels).sort()) ===
              JSON.stringify(Object.entries(labels).sort()) &&
            points.values[0] === v
          );
        },
      ),
    );
  });

  it('ends with points or Malformed, whatever the bytes', () => {
    const it = make();
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a{}="\\ ,#\n1.T'), maxLength: 40 }),
        fc.boolean(),
        (body, open) => {
          try {
            text(it, body, open);
          } catch (error) {
            if (!(error instanceof Malformed)) throw error;
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** Literals and copies as told; what they mean is worked out beside it. */
type Element = { readonly literal: Uint8Array } | { readonly back: number; readonly length: number };

function snappy(elements: readonly Element[]): { packed: Uint8Array; plain: number[] } {
  const plain: number[] = [];
  const body: number[] = [];
  for (const element of elements) {
    if ('literal' in element) {
      const { length } = element.literal;
      if (length === 0) continue;
      if (length <= 60) body.push((length - 1) << 2);
      else body.push(61 << 2, (length - 1) & 255, (length - 1) >>> 8);
      body.push(...element.literal);
      plain.push(...element.literal);
    } else if (plain.length > 0) {
      const back = (element.back % plain.length) + 1;
      if (element.length >= 4 && element.length <= 11 && back < 2_048)
        body.push(1 | ((element.length - 4) << 2) | ((back >>> 8) << 5), back & 255);
      else if (back < 65_536) body.push(2 | ((element.length - 1) << 2), back & 255, back >>> 8);
      for (let n = 0; n < element.length; n++) plain.push(plain[plain.length - back] as number);
    }
  }
  const head: number[] = [];
  let rest = plain.length;
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
  return { packed: Uint8Array.from([...head, rest, ...body]), plain };
}

describe('snappy', () => {
  const element = fc.oneof(
    fc.record({ literal: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ back: fc.nat(3_000), length: fc.integer({ min: 1, max: 64 }) }),
  );
  it('unpacks literals and copies, overlapping ones too', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 30 }), (elements) => {
        const { packed, plain } = snappy(elements);
        expect(snappyLength(packed).bytes).toBe(plain.length);
        expect([...unsnappy(packed)]).toEqual(plain);
      }),
    );
  });

  it('refuses everything else, without reserving what it claims', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        try {
          unsnappy(bytes);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
    expect(() => unsnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0))).toThrow('longer than it can be');
  });
});

describe('remote_write', () => {
  const labelled = (writer: ProtoWriter, labels: Record<string, string>): ProtoWriter => {
    for (const [name, value] of Object.entries(labels))
      writer.message(1, (label) => label.text(1, name).text(2, value));
    return writer;
  };
  const request = (series: readonly (readonly [Record<string, string>, ...number[]])[]): Uint8Array => {
    const writer = new ProtoWriter();
    for (const [labels, ...values] of series)
      writer.message(1, (one) => {
        labelled(one, labels);
        for (const value of values) one.message(2, (sample) => sample.double(1, value).varint(2, WALL_MS));
      });
    return writer.bytes();
  };
  const write = (it: Rig, bytes: Uint8Array, types = new Map<string, string>()): void => {
    const batch = it.hub.batch('test');
    decodeWrite(bytes, types, it.hub, batch);
    batch.commit();
  };

  it('becomes points, with kinds by name or by metadata', () => {
    const it = make();
    const types = new Map<string, string>();
    const meta = new ProtoWriter().message(3, (one) => one.varint(1, 1).text(2, 'hits'));
    write(it, meta.bytes(), types);
    const labels = { job: 'web', instance: 'x:1' };
    write(
      it,
      request([
        [{ __name__: 'a_total', ...labels }, 1, 2],
        [{ __name__: 'hits', ...labels }, 3],
        [{ __name__: 'up', ...labels }, Number.NaN],
      ]),
      types,
    );
    expect(it.points()).toEqual([
      'a_total{instance=x:1,job=web} 1',
      'a_total{instance=x:1,job=web} 2',
      'hits{instance=x:1,job=web} 3',
    ]);
    expect(it.batches[0]?.points.series.map(({ kind }) => kind)).toEqual(['counter', 'counter', 'counter']);
    expect(it.batches[0]?.points.wallMs[0]).toBe(WALL_MS);
  });

  it('limits a job that invents series, and leaves the others alone', () => {
    const it = make({ maxSeriesPerSource: 3 });
    const many = (job: string): Uint8Array =>
      request(Array.from({ length: 10 }, (_, n) => [{ __name__: 'm', job, user: `${n}` }, n] as const));
    write(it, many('greedy'));
    write(it, many('other'));
    expect(it.points()).toHaveLength(6);
    expect(it.hub.meter.total('points', 'too-many-series')).toBe(14);
  });

  it('leaves nothing behind when it is cut short', () => {
    const it = make();
    const bytes = request([[{ __name__: 'm', job: 'j' }, 1, 2, 3]]);
    for (let length = 1; length < bytes.length; length++)
      expect(() => write(it, bytes.subarray(0, length))).toThrow(Malformed);
    expect(it.points()).toEqual([]);
  });
});
