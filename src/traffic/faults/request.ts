/** Which requests a fault on HTTP is for, and what an instance seems to answer to them. */
import type { ActiveFault } from './active.ts';

export interface RequestLine {
  readonly method: string;
  /** Without query. */
  readonly path: string;
}

/** Of a head that has been parsed already, so it is well-formed. */
export function requestLine(head: Buffer): RequestLine {
  const line = head.toString('latin1', 0, head.indexOf('\r\n'));
  const [method = '', target = ''] = line.split(' ');
  const path = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/]*/i, '');
  return { method, path: path.split('?', 1)[0] || '/' };
}

/** Counts it when it is one of those that the fault names; true when the fault is for this very one. */
export function isFor(active: ActiveFault, { method, path }: RequestLine): boolean {
  const { parameters } = active.fault;
  const methods = parameters.methods as readonly string[];
  if (methods.length > 0 && !methods.includes(method)) return false;
  const pattern = parameters.path as string;
  const matches = pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
  if (!matches) return false;
  active.matched++;
  active.seen.requests++;
  const nth = active.number('nth');
  const every = active.number('every');
  if (nth > 0 && active.matched !== nth) return false;
  if (every > 0 && active.matched % every !== 0) return false;
  return active.hits();
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export function answerOf(active: ActiveFault, isHead: boolean): Buffer {
  const status = active.number('status');
  const { body, contentType } = active.fault.parameters as Readonly<Record<string, string>>;
  const bare = status === 204 || status === 304;
  const payload = Buffer.from(bare ? '' : (body ?? ''));
  const type = payload.length > 0 ? `Content-Type: ${(contentType ?? '').replaceAll(/[\r\n]/g, ' ')}\r\n` : '';
  const length = bare ? '' : `Content-Length: ${payload.length}\r\n`;
  const date = new Date().toUTCString();
  const head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${type}${length}Date: ${date}\r\n\r\n`;
  return isHead ? Buffer.from(head) : Buffer.concat([Buffer.from(head), payload]);
}
