/** Decoding and folding alone, without sockets: what the rest has to be compared with. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { IntakeHub } from '../../src/intake/hub.ts';
import { accept, KINDS, type Kind } from '../../src/intake/otlp/decode.ts';
import {
  metricPayloads,
  type Payload,
  POINTS_PER_REQUEST,
  renew,
  SPANS_PER_REQUEST,
  tracePayloads,
} from './payload.ts';

export interface DecodeRates {
  /** Spans decoded and put into columns, not folded. */
  readonly spansDecoded: number;
  readonly spansFolded: number;
  readonly spansGunzipped: number;
  readonly points: number;
  readonly bytesPerSpan: number;
  readonly gzipBytesPerSpan: number;
  readonly bytesPerPoint: number;
}

export function decodeRates(seconds: number): DecodeRates {
  const [traces, metrics] = KINDS as [Kind, Kind];
  const payloads = tracePayloads(7);
  const points = metricPayloads();
  const hub = new IntakeHub({ emit: () => {}, now: () => performance.now(), wallMs: () => Date.now() });
  let round = 0;
  const folded = rate(seconds, (n) => {
    const payload = payloads[n % payloads.length] as Payload;
    if (n % payloads.length === 0) {
      round++;
      if (round % 100 === 0) hub.tick();
    }
    renew(payload, round);
    accept(traces, payload.bytes, hub, 'bench');
  });
  const unfolded = rate(seconds, (n) => {
    traces.decode((payloads[n % payloads.length] as Payload).bytes, hub, hub.batch('bench'));
  });
  const zipped = payloads.map(({ bytes }) => gzipSync(bytes));
  const unzipped = rate(seconds, (n) => {
    traces.decode(gunzipSync(zipped[n % zipped.length] as Buffer), hub, hub.batch('bench'));
  });
  const measured = rate(seconds, (n) => accept(metrics, points[n % points.length] as Buffer, hub, 'bench'));
  hub.close();
  const perSpan = (list: readonly { length: number }[]): number =>
    list.reduce((sum, { length }) => sum + length, 0) / list.length / SPANS_PER_REQUEST;
  return {
    spansDecoded: unfolded * SPANS_PER_REQUEST,
    spansFolded: folded * SPANS_PER_REQUEST,
    spansGunzipped: unzipped * SPANS_PER_REQUEST,
    points: measured * POINTS_PER_REQUEST,
    bytesPerSpan: perSpan(payloads.map(({ bytes }) => bytes)),
    gzipBytesPerSpan: perSpan(zipped),
    bytesPerPoint: (points[0] as Buffer).length / POINTS_PER_REQUEST,
  };
}

/** Per second of this process's CPU time, so that a busy machine does not count against it. */
function rate(seconds: number, work: (n: number) => void): number {
  for (let n = 0; n < 200; n++) work(n);
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1_000;
  let rounds = 0;
  while (performance.now() < end) work(rounds++);
  const { user, system } = process.cpuUsage(before);
  return rounds / ((user + system) / 1e6);
}
