/**
 * A GET that is answered with an expected status. A socket and a few lines of text: a client with connection pools,
 * redirects and parsers would cost three times as much for a thousand checks a second, and a kept connection would
 * not notice that the service stopped accepting new ones.
 */
import { connect } from 'node:net';
import { NO_CONNECTION } from '../../model/signal.ts';
import { connectionError, INSTANCE_HOST, type ProbeOf, portOf } from './probe.ts';

const MAX_HEAD_BYTES = 64 * 1024;
/** After the head the rest is read for a moment, so that the service does not see its answer refused. */
const DRAIN_MS = 1_000;

export const httpProbe: ProbeOf<'http'> = (probe, { launch }) => {
  const port = portOf(launch, probe.port);
  const request = requestText(probe.path, { Host: `${INSTANCE_HOST}:${port}`, ...probe.headers });
  const [low, high] = probe.expectStatus;
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host: INSTANCE_HOST, port }, () => socket.write(request));
      let head = '';
      const finish = (error: string | null): void => {
        signal.removeEventListener('abort', abort);
        socket.off('data', read);
        resolve(error);
      };
      const abort = (): void => {
        const how = socket.connecting ? NO_CONNECTION : 'aborted';
        socket.destroy();
        finish(how);
      };
      const read = (data: Buffer): void => {
        head += data.toString('latin1');
        const status = finalStatus(head);
        if (status === undefined && head.length < MAX_HEAD_BYTES) return;
        finish(
          typeof status !== 'number' ? 'no HTTP answer' : status < low || status > high ? `status ${status}` : null,
        );
        if (typeof status !== 'number') socket.destroy();
        else drain();
      };
      const drain = (): void => {
        socket.resume();
        const deadline = setTimeout(() => socket.destroy(), DRAIN_MS);
        socket.once('close', () => clearTimeout(deadline));
      };
      signal.addEventListener('abort', abort, { once: true });
      socket.on('data', read);
      socket.on('error', (error) => finish(connectionError(error)));
      socket.on('close', () => finish('closed without an answer'));
    });
};

/** Line ends in a path or header would make it several: they are dropped. */
export function requestText(path: string, headers: Readonly<Record<string, string>>): string {
  const clean = (text: string): string => text.replace(/[\r\n]+/g, '');
  const target = clean(path).replace(/ /g, '%20');
  const lines = Object.entries({ 'User-Agent': 'holdfast-check', Accept: '*/*', ...headers }).map(
    ([name, value]) => `${clean(name)}: ${clean(value)}`,
  );
  return [`GET ${target.startsWith('/') ? target : `/${target}`} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join(
    '\r\n',
  );
}

/** The status of the first head that is not an interim one (1xx); undefined: not there yet; null: this is no HTTP. */
export function finalStatus(text: string): number | null | undefined {
  let rest = text;
  for (;;) {
    const match = /^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(rest);
    if (!match) return rest.length >= 14 || !'HTTP/1.'.startsWith(rest.slice(0, 7)) ? null : undefined;
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const status = Number(match[1]);
    if (status >= 200 || status === 101) return status;
    rest = rest.slice(end + 4);
  }
}
