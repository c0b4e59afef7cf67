/** Every protocol that can be taken in, by its name. Adding one is a folder and a line here. */
import { alertmanager } from './alertmanager/index.ts';
import type { Intake } from './contract.ts';
import { fluent } from './fluent/index.ts';
import { influx } from './influx/index.ts';
import { jaegerThrift } from './jaeger/index.ts';
import { otlpGrpc } from './otlp/grpc.ts';
import { otlpHttp } from './otlp/http.ts';
import { remoteWrite } from './prometheus/remote-write.ts';
import { splunkHec } from './splunk/index.ts';
import { statsd } from './statsd/index.ts';
import { syslogTcp, syslogUdp } from './syslog/index.ts';
import { zabbix } from './zabbix/index.ts';
import { zipkin } from './zipkin/index.ts';

export const INTAKES: readonly Intake[] = [
  otlpHttp,
  otlpGrpc,
  remoteWrite,
  zipkin,
  jaegerThrift,
  statsd,
  influx,
  fluent,
  syslogUdp,
  syslogTcp,
  splunkHec,
  alertmanager,
  zabbix,
];
