/** The port accepts a connection. The kernel answers for a process that hangs, so this says "started", not "well". */
import { connect } from 'node:net';
import { NO_CONNECTION } from '../../model/signal.ts';
import { connectionError, INSTANCE_HOST, type ProbeOf, portOf } from './probe.ts';

export const tcpProbe: ProbeOf<'tcp'> = (probe, { launch }) => {
  const port = portOf(launch, probe.port);
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host: INSTANCE_HOST, port });
      const finish = (error: string | null): void => {
        signal.removeEventListener('abort', abort);
        socket.destroy();
        resolve(error);
      };
      const abort = (): void => finish(NO_CONNECTION);
      signal.addEventListener('abort', abort, { once: true });
      socket.once('connect', () => finish(null));
      socket.once('error', (error) => finish(connectionError(error)));
    });
};
