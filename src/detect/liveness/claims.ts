/** Verdicts as claims of detection: who is to be told what. */
import { formatDuration, type Ms } from '../../model/time.ts';
import type { Claim, Finding } from '../claim.ts';
import type { Verdict } from './contract.ts';

/** A claim must be absent this long before its symptom is cleared: three heartbeats. */
export const CLEAR_MS: Ms = 3_000;

/** Of a node. `unknown` where nobody could look; null where there is nothing to claim. */
export function claimOf(verdict: Verdict): Finding {
  const { peer, state, reason, since, at, logP, evidence } = verdict;
  if (state === 'alive') return null;
  if (state === 'unknown') return 'unknown';
  const claim: Omit<Claim, 'kind' | 'summary'> = {
    entity: { kind: 'node', name: peer },
    resource: null,
    onsetAt: since,
    logP,
    evidence,
  };
  if (state === 'dead') return { ...claim, kind: 'unreachable', summary: `${peer} is dead` };
  const lasting = at - since >= 1_000 ? ` for ${formatDuration(at - since)}` : '';
  if (state === 'suspect') return { ...claim, kind: 'unreachable', summary: `${peer} is silent${lasting}` };
  switch (reason) {
    case 'calls-fail':
      return { ...claim, kind: 'erroring', summary: `${peer} sends heartbeats, but calls to it fail` };
    case 'heartbeats-lost':
      return { ...claim, kind: 'unreachable', summary: `${peer} answers calls, but its heartbeats are lost` };
    default:
      return { ...claim, kind: 'unreachable', summary: `${peer} is heard by some observers and not by others` };
  }
}
