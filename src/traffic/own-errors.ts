/**
 * Errors of this process or machine (no descriptors, ports or memory left) rather than of the member that a connection
 * was meant for: they say nothing about it.
 */
const OWN = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);

export function isOwnError(code: string): boolean {
  return OWN.has(code);
}
