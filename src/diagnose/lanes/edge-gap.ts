/**
 * What is lost between two services: the caller's view of a call minus the callee's (client span − server span, or
 * both sides' windows). A slow or lossy network looks like the caller's own slowness to every lane that looks at
 * services alone.
 *
 * Own share and gap share are parts of one whole, so this lane adds only what the gap adds to the own share: together
 * both lanes weigh what a service with that much damage of its own would.
 */
import { type Lane, ofService, shareWeight } from './contract.ts';

/** Less than this of the damage is a matter of clocks. */
const LEAST = 0.02;

export const edgeGap: Lane = {
  name: 'edge gap',
  cap: 3.6,
  examine({ shares, accounts }) {
    const both = accounts.views.some(({ seen, answered }) => seen !== null && answered !== null);
    if (!both) return { evidence: [], missing: 'both ends of calls (client and server spans)' };
    const evidence = shares
      .filter(({ gap }) => gap >= LEAST)
      .map(({ node, own, gap }) => {
        const service = accounts.graph.names[node] as string;
        return ofService(service, `${Math.round(gap * 100)} % of the damage is lost on calls of ${service}`, {
          weight: shareWeight(own + gap) - shareWeight(own),
          faultClass: 'network',
          mechanism: 'lost between caller and callee',
        });
      });
    return { evidence, missing: null };
  },
};
