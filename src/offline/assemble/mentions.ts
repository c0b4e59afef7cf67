/**
 * Whom a call goes to, when its span says so only in words: `db cart-mongo`, `POST http://stock:8080/take`,
 * `shop.CartService/Get`. A name of a service that is known from anywhere in the recording, as a whole word.
 */
import type { Gathered, ReadSpan } from '../contract.ts';

/** More operations than this are made of values: none of them is looked at. */
const MOST_OPERATIONS = 20_000;

/** Spans that may be calls get the peer that their operation mentions. */
export function withMentionedPeers({ spans, measures, logs }: Gathered): readonly ReadSpan[] {
  const names = new Map<string, string>();
  for (const of of [spans, measures, logs] as readonly (readonly { readonly service: string }[])[])
    for (const { service } of of) if (service.length > 2) names.set(service.toLowerCase(), service);
  const found = new Map<string, string | null>();
  const mentioned = ({ service, operation }: ReadSpan): string | null => {
    const key = `${service}\u0000${operation}`;
    let peer = found.get(key);
    if (peer === undefined) {
      peer = found.size < MOST_OPERATIONS ? mentionIn(operation, service, names) : null;
      found.set(key, peer);
    }
    return peer;
  };
  const mayCall = ({ kind, peer, parent }: ReadSpan): boolean =>
    peer === null && (kind === 'client' || kind === 'producer' || (kind === 'unknown' && parent !== null));
  return spans.map((span) => {
    const peer = mayCall(span) ? mentioned(span) : null;
    return peer === null ? span : { ...span, peer };
  });
}

/** The longest of the names; null when there is none but one's own. */
function mentionIn(operation: string, own: string, names: ReadonlyMap<string, string>): string | null {
  const words = operation.toLowerCase().split(/[^a-z0-9_-]+/);
  let best: string | null = null;
  for (const word of words) {
    const name = names.get(word);
    if (name !== undefined && name !== own && (best === null || name.length > best.length)) best = name;
  }
  return best;
}
