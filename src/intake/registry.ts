/** Every protocol that can be taken in, by its name. Adding one is a folder and a line here. */
import { alertmanager } from './alertmanager/index.ts';
import type { Intake } from './contract.ts';
import { influx } from './influx/index.ts';
import { otlpGrpc } from './otlp/grpc.ts';
import { otlpHttp } from './otlp/http.ts';
import { remoteWrite } from './prometheus/remote-write.ts';
import { splunkHec } from './splunk/index.ts';
import { statsd } from './statsd/index.ts';
import { syslogTcp, syslogUdp } from './syslog/index.ts';
import { zipkin } from './zipkin/index.ts';

export const INTAKES: readonly Intake[] = [
  otlpHttp,
  otlpGrpc,
  remoteWrite,
  statsd,
  syslogUdp,
  syslogTcp,
  influx,
  zipkin,
  alertmanager,
  splunkHec,
];
