/** The answers that the proxy gives by itself. */
import type { FailureKind } from '../edge-window.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** A request that is not passed on: the connection ends with it, because what follows cannot be trusted. */
export function refusal(status: number, message: string): Buffer {
  return response(status, { error: 'refused', message }, 'Connection: close\r\n', false);
}

/** A request that no instance answered. */
export function failure(
  status: number,
  kind: FailureKind,
  message: string,
  service: string,
  close: boolean,
  isHead: boolean,
): Buffer {
  const connection = close ? 'Connection: close\r\n' : '';
  const again = status === 503 ? 'Retry-After: 1\r\n' : '';
  const headers = `X-Holdfast-Error: ${kind}\r\n${again}${connection}`;
  return response(status, { error: kind, service, message }, headers, isHead);
}

function response(status: number, body: object, headers: string, isHead: boolean): Buffer {
  const text = `${JSON.stringify(body)}\n`;
  const head =
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(text)}\r\n${headers}\r\n`;
  return Buffer.from(isHead ? head : head + text);
}
