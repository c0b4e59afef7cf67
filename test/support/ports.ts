/**
 * Ports for tests. They are taken from below those that the kernel hands out by itself: a port of that range can be
 * somebody's end of a connection a moment after it was found free, before whoever asked for it listens there.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Above where a Holdfast begins to give its instances ports. */
const LOWEST = 26_000;
const HIGHEST = 32_000;
const TRIES = 100;
const given = new Set<number>();

/** Where the kernel's own range begins; 0 where it cannot be read. */
function kernelsOwn(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  } catch {
    return 0;
  }
}

/** Free on this machine now, and given to nobody else by this process. */
export async function freePort(): Promise<number> {
  const end = Math.min(HIGHEST, kernelsOwn());
  for (let tried = 0; tried < TRIES; tried++) {
    const wanted = end > LOWEST + 1_000 ? LOWEST + Math.floor(Math.random() * (end - LOWEST)) : 0;
    const port = given.has(wanted) ? null : await listened(wanted);
    if (port === null || given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port in ${TRIES} tries`);
}

/** The port that could be listened on; null: somebody else does. */
function listened(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
