/** A process with an intake hub and both OTLP listeners, and nothing else: its CPU time is the intake's own. */
import { IntakeHub } from '../../src/intake/hub.ts';
import { otlpGrpc } from '../../src/intake/otlp/grpc.ts';
import { otlpHttp } from '../../src/intake/otlp/http.ts';

export interface ServerReady {
  readonly http: number;
  readonly grpc: number;
}

export interface ServerStats {
  readonly spans: number;
  readonly points: number;
  /** Calls told as edges so far. */
  readonly calls: number;
  /** Calls whose both halves met. */
  readonly errors: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

let calls = 0;
let errors = 0;
const hub = new IntakeHub({
  emit: ({ edges }) => {
    for (const edge of edges) {
      calls += edge.count;
      errors += edge.errors;
    }
  },
  now: () => performance.now(),
  wallMs: () => Date.now(),
});
const http = await otlpHttp.start(hub, { port: 0 });
const grpc = await otlpGrpc.start(hub, { port: 0 });

process.on('message', (message) => {
  if (message !== 'stats') return;
  const accepted = (what: string): number =>
    hub.meter.rows().reduce((sum, row) => (row.what === what && row.reason === null ? sum + row.count : sum), 0);
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({
    spans: accepted('spans'),
    points: accepted('points'),
    calls,
    errors,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: rss,
    heapBytes: heapUsed,
  } satisfies ServerStats);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ http: http.address.port, grpc: grpc.address.port } satisfies ServerReady);
