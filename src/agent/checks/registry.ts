/** All kinds of probes that are run (a TTL check is not run, it is waited for). */
import type { CheckProbe } from '../../model/spec.ts';
import { execProbe } from './exec.ts';
import { grpcProbe } from './grpc.ts';
import { httpProbe } from './http.ts';
import { nagiosProbe } from './nagios.ts';
import type { Probe, ProbeTarget } from './probe.ts';
import { tcpProbe } from './tcp.ts';

export function probeFor(probe: Exclude<CheckProbe, { kind: 'ttl' }>, target: ProbeTarget): Probe {
  switch (probe.kind) {
    case 'http':
      return httpProbe(probe, target);
    case 'tcp':
      return tcpProbe(probe, target);
    case 'exec':
      return execProbe(probe, target);
    case 'nagios':
      return nagiosProbe(probe, target);
    case 'grpc':
      return grpcProbe(probe, target);
    case 'role':
      return target.look;
  }
}
