/**
 * Who may call by which name. A web page of somebody else can make a browser on this machine call 127.0.0.1, and DNS
 * rebinding can make that look like its own origin; what it cannot forge are Host, Origin and Sec-Fetch-Site.
 */
import { isIP } from 'node:net';
import { HoldfastError } from '../../model/errors.ts';

export interface OriginPolicy {
  /** Host names (no port, lower case) by which this server may be called. */
  readonly hosts: ReadonlySet<string>;
  /**
   * Accept any literal address as Host: needed when listening on all addresses, safe because a page can only claim a
   * literal address as its origin when it was served from there.
   */
  readonly anyAddress: boolean;
}

export function isLoopback(host: string): boolean {
  const name = bare(host).replace(/^::ffff:/, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** `host` is what the server listens on; `hostname` the machine's own name. */
export function originPolicy(host: string, hostname: string): OriginPolicy {
  if (isLoopback(host)) return { hosts: new Set(['localhost', '127.0.0.1', '::1', bare(host)]), anyAddress: false };
  const hosts = new Set(['localhost', '127.0.0.1', '::1', bare(host), hostname.toLowerCase()]);
  return { hosts, anyAddress: true };
}

export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly 'sec-fetch-mode'?: string | string[] | undefined;
}

/** Throws HF6003 for what does not come from here. */
export function checkOrigin(headers: OriginHeaders, policy: OriginPolicy): void {
  const host = headers.host;
  const name = host === undefined ? null : hostName(host);
  if (host === undefined || name === null) throw new HoldfastError('HF6003', 'the request names no valid Host');
  if (!policy.hosts.has(name) && !(policy.anyAddress && isIP(name) !== 0)) {
    throw new HoldfastError('HF6003', `Host ${host} is not this server`);
  }
  // The page must come from exactly where the call goes: another port of this machine is another program.
  const { origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    throw new HoldfastError('HF6003', `Origin ${origin} is not this server`);
  }
  // Without Origin (images, scripts, forms with GET) browsers still say where the request was made. Following a link
  // to the dashboard is fine.
  const site = headers['sec-fetch-site'];
  const navigation = headers['sec-fetch-mode'] === 'navigate';
  if (origin === undefined && (site === 'cross-site' || site === 'same-site') && !navigation) {
    throw new HoldfastError('HF6003', 'the request was made by a page of another site');
  }
}

/** `localhost:7420` → `localhost`, `[::1]:7420` → `::1`; null when it is no host. */
function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host.toLowerCase());
  return match?.[1] === undefined ? null : bare(match[1]);
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '');
}
