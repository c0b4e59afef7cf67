/** Every protocol that can be taken in, by its name. Adding one is a folder and a line here. */
import type { Intake } from './contract.ts';
import { influx } from './influx/index.ts';
import { otlpGrpc } from './otlp/grpc.ts';
import { otlpHttp } from './otlp/http.ts';
import { remoteWrite } from './prometheus/remote-write.ts';
import { statsd } from './statsd/index.ts';
import { syslogTcp, syslogUdp } from './syslog/index.ts';

export const INTAKES: readonly Intake[] = [otlpHttp, otlpGrpc, remoteWrite, statsd, syslogUdp, syslogTcp, influx];
