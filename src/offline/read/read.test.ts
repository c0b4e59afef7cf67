import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../model/errors.ts';
import type { Gathered, Measure } from '../contract.ts';
import { Collector } from './collector.ts';
import { readPath } from './files.ts';
import { rowsOf } from './lines.ts';
import { serviceOfName, timeOf } from './names.ts';
import { meaningOf } from './words.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hf-read-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let count = 0;
function gather(text: string | Buffer, name = `file-${count++}`): Gathered {
  const path = join(dir, name);
  writeFileSync(path, text);
  const collector = new Collector();
  readPath(path, collector);
  return collector.finish();
}
function refusal(text: string): HoldfastError {
  try {
    gather(text);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
const told = ({ service, callee, view, quantity, resource, form, values }: Measure): string =>
  `${service}${callee === null ? '' : `>${callee} (${view})`} ${quantity}${resource && ` ${resource}`} ${form}: ${values.join(' ')}`;

const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const SPAN = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: '00000000000000a1',
  name: 'GET /',
  kind: 3,
  startTimeUnixNano: '1700000000123456789',
  endTimeUnixNano: '1700000000143456789',
  attributes: [attribute('server.address', 'pay'), { key: 'server.port', value: { intValue: '80' } }],
  status: { code: 2, message: 'refused' },
};
const traces = (...spans: object[]): object => ({
  resourceSpans: [{ resource: { attributes: [attribute('service.name', 'shop')] }, scopeSpans: [{ spans }] }],
});

describe('OTLP files', () => {
  it('give spans with times, peers and what went wrong; one document or one per line, plain or compressed', () => {
    const expected = {
      service: 'shop',
      kind: 'client',
      startMs: 1_700_000_000_123.4568,
      peer: 'pay:80',
      failed: true,
      message: 'refused',
    };
    const document = JSON.stringify(traces(SPAN));
    for (const text of [JSON.stringify(traces(SPAN), null, 2), `${document}\n${document}\n`, `[${document}]`]) {
      const { spans } = gather(text);
      expect(spans[0]).toMatchObject({ ...expected, startMs: expect.closeTo(expected.startMs, 3) as number });
      expect(spans[0]?.durationMs).toBeCloseTo(20, 3);
    }
    expect(gather(gzipSync(`${document}\n`), 'traces.json.gz').spans).toHaveLength(1);
  });

  it('give log lines with severity, and metrics by the intake’s own decoder', () => {
    const resource = { attributes: [attribute('service.name', 'shop')] };
    const logs = {
      resourceLogs: [
        {
          resource,
          scopeLogs: [
            { logRecords: [{ timeUnixNano: '1700000000000000000', severityNumber: 17, body: { stringValue: 'no' } }] },
          ],
        },
      ],
    };
    expect(gather(JSON.stringify(logs)).logs).toMatchObject([
      { service: 'shop', severity: 'error', text: 'no', atMs: 1.7e12 },
    ]);
    const point = (n: number): object => ({
      timeUnixNano: `170000000${n}000000000`,
      count: String(10 * n),
      sum: 0.5 * n,
      bucketCounts: [String(10 * n)],
      explicitBounds: [],
    });
    const histogram = { aggregationTemporality: 2, dataPoints: [point(1), point(2)] };
    const metrics = {
      resourceMetrics: [
        { resource, scopeMetrics: [{ metrics: [{ name: 'http.server.request.duration', unit: 's', histogram }] }] },
      ],
    };
    expect(gather(JSON.stringify(metrics)).measures.map(told).sort()).toEqual([
      'shop requests total: 10 20',
      'shop seconds total: 0.5 1',
    ]);
  });

  it('are refused with the line when they are broken', () => {
    const error = refusal(`${JSON.stringify(traces(SPAN))}\n{"resourceSpans": [}\n`);
    expect(error).toMatchObject({ code: 'HF8402', at: { line: 2 } });
    expect(refusal(JSON.stringify(traces({ ...SPAN, spanId: undefined })))).toMatchObject({
      code: 'HF8402',
      at: { line: 1 },
    });
    expect(refusal(JSON.stringify(traces({ ...SPAN, startTimeUnixNano: 'soon' })))).toMatchObject({
      message: expect.stringContaining('soon') as string,
    });
  });
});

it('reads Zipkin, with a shared span as two halves', () => {
  const span = {
    traceId: 'a',
    id: 'b',
    timestamp: 1_700_000_000_000_000,
    duration: 2_000,
    localEndpoint: { serviceName: 'shop' },
  };
  const { spans } = gather(
    JSON.stringify([
      { ...span, kind: 'CLIENT', remoteEndpoint: { serviceName: 'pay' } },
      { ...span, kind: 'SERVER', shared: true, localEndpoint: { serviceName: 'pay' } },
    ]),
  );
  expect(spans).toMatchObject([
    { id: 'b', kind: 'client', peer: 'pay', durationMs: 2 },
    { id: 'b/server', parent: 'b', kind: 'server', service: 'pay' },
  ]);
});

it('reads Jaeger', () => {
  const tags = [
    { key: 'span.kind', value: 'server' },
    { key: 'http.status_code', value: 503 },
  ];
  const span = {
    traceID: 't',
    spanID: 's',
    processID: 'p1',
    operationName: 'GET',
    startTime: 1_700_000_000_000_000,
    duration: 5_000,
    tags,
    references: [{ refType: 'CHILD_OF', spanID: 'r' }],
  };
  const { spans } = gather(
    JSON.stringify({ data: [{ traceID: 't', spans: [span], processes: { p1: { serviceName: 'shop', tags: [] } } }] }),
  );
  expect(spans).toMatchObject([{ service: 'shop', kind: 'server', parent: 'r', durationMs: 5, failed: true }]);
});

describe('Prometheus', () => {
  const text = [
    '# TYPE http_requests_total counter',
    'http_requests_total{service="shop",code="200"} 1 1700000000000',
    'http_requests_total{service="shop",code="500"} 0 1700000000000',
    'http_requests_total{service="shop",code="200"} 9 1700000015000',
    'http_requests_total{service="shop",code="500"} 3 1700000015000',
  ];
  it('text with times tells failures by their codes', () => {
    const expected = ['shop failed total: 0 3', 'shop requests total: 0 3', 'shop requests total: 1 9'];
    expect(
      gather(`${text.join('\n')}\n`)
        .measures.map(told)
        .sort(),
    ).toEqual(expected);
    const dumped = text
      .slice(1)
      .map((line) => line.replace('http_requests_total{', '{__name__="http_requests_total", '));
    expect(
      gather(`${dumped.join('\n')}\n`)
        .measures.map(told)
        .sort(),
    ).toEqual(expected);
  });

  it('text without times is refused: there is nothing to compare', () => {
    expect(refusal('http_requests_total{service="shop"} 1\n').code).toBe('HF8405');
  });

  it('answers of a server: meshes report both ends', () => {
    const row = (reporter: string): object => ({
      metric: {
        __name__: 'istio_requests_total',
        reporter,
        source_workload: 'shop',
        destination_workload: 'pay',
        response_code: '200',
      },
      values: [
        [1_700_000_000, '1'],
        [1_700_000_015, '4'],
      ],
    });
    const answer = { status: 'success', data: { resultType: 'matrix', result: [row('source'), row('destination')] } };
    expect(gather(JSON.stringify(answer)).measures.map(told)).toEqual([
      'shop>pay (caller) requests total: 1 4',
      'shop>pay (callee) requests total: 1 4',
    ]);
  });
});

describe('tables', () => {
  it('with a column per service and metric', () => {
    const { measures } = gather(
      'time,front-end_latency-90,front-end_load,carts_db_cpu,carts_db_error\n100,0.05,7,0.3,1\n110,0.06,8,,2\n',
    );
    expect(measures.map(told)).toEqual([
      'front-end latencyMs mean: 50 60',
      'front-end requests rate: 7 8',
      'carts_db level cpu mean: 0.3',
      'carts_db failed rate: 1 2',
    ]);
  });

  it.each([
    [
      'geo-rate_cpu,geo-rate_load,rate_cpu,rate_load',
      ['geo-rate level cpu mean: 1', 'geo-rate requests rate: 2', 'rate level cpu mean: 3', 'rate requests rate: 4'],
    ],
    [
      'cpu_geo-rate,load_geo-rate,cpu_cart,load_cart',
      ['geo-rate level cpu mean: 1', 'geo-rate requests rate: 2', 'cart level cpu mean: 3', 'cart requests rate: 4'],
    ],
    [
      'geo/cpu,geo/load,cart/cpu,cart/load',
      ['geo level cpu mean: 1', 'geo requests rate: 2', 'cart level cpu mean: 3', 'cart requests rate: 4'],
    ],
  ])('with names of columns parted as the whole table is: %s', (names, measures) => {
    expect(gather(`time,${names}\n100,1,2,3,4\n`).measures.map(told)).toEqual(measures);
  });

  it('with few columns, one of which is about a container and names none', () => {
    const { measures } = gather('time,cart_container-cpu-usage,cart_container-memory\n100,1,2\n110,3,4\n');
    expect(measures.map(told)).toEqual(['cart level cpu mean: 1 3', 'cart level memory mean: 2 4']);
  });

  it('of pods: metrics and log lines are of the service, whatever its containers are called', () => {
    const { measures } = gather(
      'Time,TimeStamp,PodName,CpuUsageRate(%)\n12:00 m=+0.1,1700000000,cart-579f59597d-wc2lz,5\n',
    );
    expect(measures.map(told)).toEqual(['cart level cpu mean: 5']);
    const { logs } = gather(
      'Timestamp,Node,PodName,Container,TraceID,SpanID,Log\n1700000000,n1,cart-579f59597d-wc2lz,server,t,s,hello\n',
    );
    expect(logs).toMatchObject([{ service: 'cart', host: 'n1', text: 'hello' }]);
  });

  it('with spans whose columns are called otherwise', () => {
    const { spans } = gather(
      'trace_id,span_id,parent_span_id,service_name,span_kind,operation,start_time_us,duration_us,status\n' +
        't1,a,,front,server,GET,1700000000000000,2500,OK\nt1,b,a,cart,client,POST,1700000000000500,1500,ERROR\n',
    );
    expect(spans).toMatchObject([
      { service: 'front', parent: null, kind: 'server', startMs: 1_700_000_000_000, durationMs: 2.5, failed: false },
      { service: 'cart', parent: 'a', kind: 'client', durationMs: 1.5, failed: true },
    ]);
  });

  it('leaves out a table of which hardly a column means something', () => {
    expect(refusal('time,cart_12,cart_13,cart_error\n100,1,2,3\n').message).toContain('no column');
  });

  it('leaves out, of a folder, a table that means nothing here, and says so', () => {
    const folder = mkdtempSync(join(dir, 'folder-'));
    writeFileSync(join(folder, 'colours.csv'), 'name,colour\nann,red\n');
    writeFileSync(join(folder, 'logs.csv'), 'timestamp,container_name,message\n1700000000,cart,hello\n');
    const collector = new Collector();
    readPath(folder, collector);
    const { logs, notes } = collector.finish();
    expect(logs).toMatchObject([{ service: 'cart', text: 'hello', atMs: 1_700_000_000_000 }]);
    expect(notes[0]).toMatch(/^colours.csv: left out/);
  });

  it('with three rows of headers, blanks, and availability in percent', () => {
    const table =
      'microservice,A,A,A\nmetric,latency,requests,availability\nstatistic,Average,Sum,Average\nunix_timestamp,,,\n1681350300,0.2,10,99\n1681350600,,11,100\n';
    expect(gather(table).measures.map(told)).toEqual([
      'A latencyMs mean: 200',
      'A requests added: 10 11',
      `A failedShare mean: ${1 - 0.99} 0`,
    ]);
  });

  it('with a row per service, and a row per value', () => {
    expect(gather('timestamp,service,requests,p99_latency_ms\n100,a,5,20\n100,b,6,30\n').measures.map(told)).toEqual([
      'a requests added: 5',
      'a latencyMs mean: 20',
      'b requests added: 6',
      'b latencyMs mean: 30',
    ]);
    expect(gather('timestamp,cmdb_id,kpi_name,value\n100,a-0,cpu_usage,5\n').measures.map(told)).toEqual([
      'a-0 level cpu mean: 5',
    ]);
  });

  it('of spans, in units that nobody told', () => {
    const rows = Array.from({ length: 20 }, (_, n) => {
      const at = 1_700_000_000_000 + n * 1_000;
      return `t${n},a${n},ROOT,front-6d4b75cb6d-hx2vx,GET,${at},50000\nt${n},b${n},a${n},cart-0,get,${at + 20},20000`;
    });
    const { spans } = gather(`TraceID,SpanID,ParentID,PodName,OperationName,StartTime,Duration\n${rows.join('\n')}\n`);
    expect(spans.slice(0, 2)).toMatchObject([
      { service: 'front', parent: null, durationMs: 50, kind: 'unknown' },
      { service: 'cart', parent: 'a0', durationMs: 20 },
    ]);
  });

  it('of spans whose services have clocks of their own', () => {
    const rows = Array.from({ length: 20 }, (_, n) => {
      const at = 1_700_000_000_000_000 + n * 1_000_000;
      return `t${n},a${n},,front,${at},50000\nt${n},b${n},a${n},front,${at + 5_000},40000\nt${n},c${n},b${n},cart,${at + 4_000_000},20000`;
    });
    const { spans } = gather(`traceID,spanID,parentSpanID,serviceName,startTime,duration\n${rows.join('\n')}\n`);
    expect(spans.slice(0, 3).map(({ durationMs }) => durationMs)).toEqual([50, 40, 20]);
  });

  it('of log lines, with quotes over several lines', () => {
    const { logs } = gather('timestamp,container_name,level,message\n2026-01-01 00:00:01,cart,ERROR,"a ""b"",\nc"\n');
    expect(logs).toEqual([
      {
        atMs: Date.UTC(2026, 0, 1, 0, 0, 1),
        service: 'cart',
        instance: 'cart',
        host: null,
        severity: 'error',
        text: 'a "b",\nc',
      },
    ]);
  });

  it('of who calls whom', () => {
    const calls = [{ caller: 'a', callee: 'b' }];
    expect(gather('caller,callee\na,b\n').calls).toEqual(calls);
    expect(gather(',a,b\na,0,1\nb,0,0\n').calls).toEqual(calls);
  });

  it('are refused with the line', () => {
    expect(refusal('time,a_requests\n100,1\nlater,2\n')).toMatchObject({ code: 'HF8402', at: { line: 3 } });
    expect(refusal('time,colour\n100,red\n').code).toBe('HF8402');
  });

  it('keep what was quoted', () => {
    const cell = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\r', ''));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 2, maxLength: 5 }), (cells) => {
        const text = cells.map((one) => `"${one.replaceAll('"', '""')}"`).join(',');
        const lines = text.split('\n').map((line, n) => ({ text: line, number: n + 1 }));
        expect([...rowsOf(lines)].map((row) => row.cells)).toEqual([cells]);
      }),
    );
  });
});

it('says of a folder what was understood', () => {
  writeFileSync(join(dir, 'notes.md'), '# nothing\n');
  const collector = new Collector();
  expect(() => readPath(join(dir, 'absent'), collector)).toThrow('does not exist');
});

it.each([
  ['checkout-7d9c5b6f4d-x2x9z', 'checkout'],
  ['redis-0', 'redis'],
  ['payments.shop.svc.cluster.local:8080', 'payments'],
  ['10.0.0.7:5432', '10.0.0.7:5432'],
  ['ts-order-service', 'ts-order-service'],
])('%s is the service %s', (name, service) => {
  expect(serviceOfName(name)).toBe(service);
});

it('reads times in any unit', () => {
  for (const text of [
    '1700000000',
    '1700000000000',
    '1700000000000000',
    '1700000000000000000',
    '2023-11-14T22:13:20Z',
    '2023-11-14 22:13:20',
    '2023/11/14 22:13:20,000',
  ])
    expect(timeOf(text)).toBe(1.7e12);
  expect(timeOf('never')).toBeNaN();
});

it.each([
  ['http_server_requests_seconds', 'requests'],
  ['request_duration_seconds', 'latencyMs'],
  ['container_cpu_usage_seconds', 'level'],
  ['error_rate', 'failedShare'],
  ['errors', 'failed'],
  ['colour', undefined],
])('%s is %s', (name, quantity) => {
  expect(meaningOf(name)?.quantity).toBe(quantity);
});
