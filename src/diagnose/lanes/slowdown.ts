/**
 * How many times as long calls take, service by service. Waiting that begins somewhere is passed up as so many
 * milliseconds, to callers who took longer to begin with and who make other calls besides: so it is the largest multiple
 * of the usual time where it begins, wherever in the graph that is. Likewise failures: of whoever fails the largest part
 * of the calls fails, and callers pass on some of them.
 *
 *   worse(c)  = the larger of log2(1 + extra time per call ÷ usual time) and log2(1 + extra failed share ÷ FAILED_UNIT):
 *               what is passed on may change its unit, and then shows in both
 *   behind(c) = PER_DOUBLING × (largest worse − worse(c)), at most MOST
 *   weight(c) = mean behind of all − behind(c)
 *
 * Asked only where calls are guessed: where they were recorded the account knows more.
 */
import type { Excess } from '../accounting/excess.ts';
import { type Lane, type LaneEvidence, ofService } from './contract.ts';

/** Beyond so many doublings more is not more unusual. */
const MOST_DOUBLINGS = 7;
const FAILED_UNIT = 0.02;
/** log10 odds per doubling that another is ahead. */
const PER_DOUBLING = 0.5;
const MOST = 2;
/** Weights below this are chance. */
const LEAST = 0.1;

export const slowdown: Lane = {
  name: 'slowdown',
  cap: 2,
  ofDamage: true,
  examine({ accounts }) {
    if (!accounts.presumed) return { evidence: [], missing: null };
    const all = accounts.graph.names.flatMap((service, node) => {
      const excess = accounts.excess[node];
      return excess && excess.requests > 0 ? [{ service, excess, worse: worseBy(excess) }] : [];
    });
    const most = Math.max(0, ...all.map(({ worse }) => worse));
    const behind = all.map(({ worse }) => Math.min(MOST, PER_DOUBLING * (most - worse)));
    const mean = behind.reduce((sum, each) => sum + each, 0) / Math.max(1, behind.length);
    const evidence = all.flatMap(({ service, excess }, n): LaneEvidence[] => {
      const weight = mean - (behind[n] as number);
      return Math.abs(weight) < LEAST
        ? []
        : [ofService(service, textOf(service, excess), { weight, faultClass: null })];
    });
    return { evidence, missing: null };
  },
};

const timesOf = ({ seconds, requests, baseMs }: Excess): number =>
  baseMs > 0 ? 1 + (1_000 * seconds) / requests / baseMs : 1;

function worseBy(excess: Excess): number {
  const slower = Math.log2(timesOf(excess));
  const failing = Math.log2(1 + excess.failed / excess.requests / FAILED_UNIT);
  return Math.min(MOST_DOUBLINGS, Math.max(slower, failing));
}

function textOf(service: string, excess: Excess): string {
  const more = Math.round((100 * excess.failed) / excess.requests);
  const fails = more === 0 ? '' : `, ${more} % more of them fail`;
  return `calls of ${service} take ${timesOf(excess).toFixed(1)} times as long as usual${fails}`;
}
