/**
 * Tokens and roles. A token file has one `role token name` per line; `#` begins a comment. Comparison takes the same
 * time for every token, right or wrong. Without tokens (possible on loopback only) every local caller is admin: who
 * can reach the socket can also signal the processes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from '../../api/routes.ts';
import { HoldfastError } from '../../model/errors.ts';

export interface Token {
  readonly role: Exclude<Role, 'public'>;
  readonly name: string;
  readonly digest: Buffer;
}

export interface Caller {
  readonly role: Role;
  /** Token name, or null: the local user, looked up only where it matters. */
  readonly name: string | null;
}

const RANK: Readonly<Record<Role, number>> = { public: 0, viewer: 1, operator: 2, admin: 3 };
const MIN_TOKEN_LENGTH = 16;

export function token(role: Token['role'], secret: string, name: string): Token {
  return { role, name, digest: digest(secret) };
}

/** Errors name the line and never the token. */
export function parseTokenFile(text: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') return;
    const at = { file, line: index + 1, column: 1 };
    const [role, secret, ...name] = line.split(/\s+/);
    if (role !== 'viewer' && role !== 'operator' && role !== 'admin') {
      throw new HoldfastError('HF6004', 'a token line is `role token name` with role viewer, operator or admin', {
        at,
      });
    }
    if (secret === undefined || name.length !== 1) {
      throw new HoldfastError('HF6004', 'a token line is `role token name`', { at });
    }
    if (secret.length < MIN_TOKEN_LENGTH) {
      throw new HoldfastError('HF6004', `a token needs at least ${MIN_TOKEN_LENGTH} characters`, { at });
    }
    tokens.push(token(role, secret, name[0] as string));
  });
  if (tokens.length === 0) throw new HoldfastError('HF6007', `${file} holds no token`);
  return tokens;
}

/** Who calls; throws HF6001 when tokens are configured and none of them was sent. */
export function authenticate(authorization: string | undefined, tokens: readonly Token[]): Caller {
  if (tokens.length === 0) return { role: 'admin', name: null };
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (secret === undefined) throw new HoldfastError('HF6001', 'the request carries no token');
  const given = digest(secret);
  let found: Token | null = null;
  for (const candidate of tokens) if (timingSafeEqual(candidate.digest, given)) found = candidate;
  if (found === null) throw new HoldfastError('HF6001', 'the token is not known');
  return { role: found.role, name: found.name };
}

export function authorize(caller: Caller, needed: Role): void {
  if (RANK[caller.role] >= RANK[needed]) return;
  throw new HoldfastError('HF6002', `this needs the role ${needed}; the token is of ${caller.role}`);
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
