/**
 * TLS of intakes: a certificate, a certificate and those of senders (mutual), or a shared key. Nothing is negotiated
 * down: an intake with TLS takes no plain connection, and nothing older than TLS 1.2.
 */
import type { TlsOptions as NodeTlsOptions } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import type { ListenOptions, TlsOptions } from '../contract.ts';
import { sameSecret } from './guard.ts';

/** A handshake must be done within this: a silent connection holds a place. */
export const HANDSHAKE_MS = 10_000;
/** node:tls asks for a key by its identity up to TLS 1.2 only. Forward secrecy first; the last one is Zabbix' fallback. */
const PSK_CIPHERS =
  'ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES256-CBC-SHA384:ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:PSK-AES128-CBC-SHA256';

/** What node:tls (and https, http2) want of it. */
export function tlsServerOptions({ cert, key, ca, psk }: TlsOptions): NodeTlsOptions {
  const base = { minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS } as const;
  if (psk && cert === undefined) {
    return { ...base, maxVersion: 'TLSv1.2', ciphers: PSK_CIPHERS, pskCallback: (_, shown) => keyOf(psk, shown) };
  }
  return {
    ...base,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
  };
}

function keyOf({ identity, key }: NonNullable<TlsOptions['psk']>, shown: string): Uint8Array | null {
  return sameSecret(shown, identity) ? key : null;
}

/** A promise of encryption that cannot be kept would be worse than none. */
export function noTls(name: string, { tls }: ListenOptions): void {
  if (tls !== undefined)
    throw new HoldfastError('HF1004', `${name} cannot be encrypted: it is UDP`, {
      remedy: 'Remove cert and key; take syslog-tcp, or let only trusted machines reach the address.',
    });
}
