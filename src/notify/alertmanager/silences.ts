/**
 * Silences of Holdfast as silences of Alertmanager's API v2, so that what its other senders say of a silenced service
 * wakes nobody either. Nothing is remembered here: ours are told by who made them, so a restart makes none twice and
 * leaves none behind. An expired one ends by itself.
 */
import type { Outcome, SilenceNotice } from '../contract.ts';
import type { Poster } from '../http.ts';

interface Known {
  readonly id: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

/** Ends that differ by less are the same: the core's clock and the wall clock do not agree to the millisecond. */
const SAME_END_MS = 2_000;

/** `url`: of …/api/v2/silences. */
export async function reconcile(
  poster: Poster,
  url: URL,
  wanted: readonly SilenceNotice[],
  holdfast: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const listed = await poster.call('GET', url, { signal });
  if (listed.outcome.kind !== 'delivered') return listed.outcome;
  const creator = creatorOf(holdfast);
  const ours = (Array.isArray(listed.json) ? (listed.json as Known[]) : []).filter(
    ({ createdBy, status }) => createdBy === creator && status.state !== 'expired',
  );
  for (const silence of wanted) {
    if (ours.some((known) => isSame(known, silence))) continue;
    const body = JSON.stringify(silenceOf(silence, creator));
    const { outcome } = await poster.call('POST', url, { body, signal });
    if (outcome.kind !== 'delivered') return outcome;
  }
  for (const known of ours) {
    if (wanted.some((silence) => isSame(known, silence))) continue;
    const one = new URL(url);
    one.pathname = `${url.pathname.replace(/silences$/, 'silence')}/${encodeURIComponent(known.id)}`;
    const { outcome } = await poster.call('DELETE', one, { signal });
    if (outcome.kind !== 'delivered') return outcome;
  }
  return { kind: 'delivered' };
}

function creatorOf(holdfast: string): string {
  return `holdfast/${holdfast}`;
}

/** Only what carries this system's label is meant: an Alertmanager has other guests. */
export function silenceOf({ id, system, service, until, who, why }: SilenceNotice, creator: string): object {
  const matcher = (name: string, value: string): object => ({ name, value, isRegex: false, isEqual: true });
  return {
    matchers: [matcher('system', system), ...(service === null ? [] : [matcher('service', service)])],
    startsAt: new Date(Math.min(Date.now(), Date.parse(until) - 1)).toISOString(),
    endsAt: until,
    createdBy: creator,
    comment: `${id} by ${who}: ${why}`,
  };
}

function isSame({ comment, endsAt }: Known, { id, until }: SilenceNotice): boolean {
  return comment.startsWith(`${id} `) && Math.abs(Date.parse(endsAt) - Date.parse(until)) <= SAME_END_MS;
}
