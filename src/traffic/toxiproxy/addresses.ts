/** Addresses as Toxiproxy's clients write them, and errors of listening in the words that they know. */
import { ApiError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`, `:port` (every interface); '' is any free port of the loopback. */
export function parseAddress(text: string, what: 'listen' | 'dial'): Address {
  if (text === '' && what === 'listen') return { host: '127.0.0.1', port: 0 };
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    const why = text.includes(':') ? 'invalid port' : 'missing port in address';
    throw new ApiError(what === 'listen' ? 500 : 400, `${what} tcp: address ${text}: ${why}`);
  }
  const host = match[1] ?? match[2] ?? '';
  if (host === '') return { host: what === 'listen' ? '::' : '127.0.0.1', port };
  // The first of its two addresses, always the same one.
  return { host: host === 'localhost' && what === 'listen' ? '127.0.0.1' : host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const BIND: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EACCES: 'bind: permission denied',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
};

export function listenError(error: NodeJS.ErrnoException, address: Address): ApiError {
  if (error.code === 'ENOTFOUND') return new ApiError(500, `listen tcp: lookup ${address.host}: no such host`);
  const why = BIND[error.code ?? ''] ?? error.message;
  return new ApiError(500, `listen tcp ${formatAddress(address)}: ${why}`);
}
