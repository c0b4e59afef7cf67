/** Which of a member's pooled connections the next request may use. */
import { monotonic } from '../clock.ts';
import type { Member } from '../member.ts';
import { FRESH_MS } from './retry-rules.ts';
import type { Upstream } from './upstream.ts';

/** A pooled connection for the next request; null when a new one is needed. */
export function takeIdle(member: Member, idempotent: boolean): Upstream | null {
  const now = monotonic();
  for (;;) {
    const last = member.idle.at(-1) as Upstream | undefined;
    if (last === undefined) return null;
    if (!idempotent && now - last.idleSince > FRESH_MS) return null;
    member.idle.pop();
    if (last.usable) return last;
    last.close();
  }
}
