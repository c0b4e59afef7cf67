/**
 * What is lost between two services: the caller's view of a call minus the callee's (client span − server span, or
 * both sides' windows). A slow or lossy network looks like the caller's own slowness to every lane that looks at
 * services alone.
 *
 * Calls that nobody answered because the process was gone are lost too, and no network's: where an exit explains them,
 * they speak for the service and for no kind of fault. So does a gap that is small beside what starts in the service.
 *
 * Own share and gap share are parts of one whole, so this lane adds only what the gap adds to the own share: together
 * both lanes weigh what a service with that much damage of its own would.
 */
import { type Lane, ofService, shareWeight } from './contract.ts';

/** Less than this of the damage is a matter of clocks. */
const LEAST = 0.02;

const NETWORK = { faultClass: 'network', mechanism: 'lost between caller and callee' } as const;
const NO_KIND = { faultClass: null } as const;

export const edgeGap: Lane = {
  name: 'edge gap',
  cap: 3.6,
  ofDamage: true,
  examine({ shares, accounts, recording, unit }) {
    const both = accounts.views.some(({ seen, answered }) => seen !== null && answered !== null);
    const ended = new Set(unit === 'failed' ? recording.exits?.map(({ service }) => service) : []);
    const evidence = shares
      .filter(({ gap }) => gap >= LEAST)
      .map(({ node, own, gap }) => {
        const service = accounts.graph.names[node] as string;
        return ofService(service, `${Math.round(gap * 100)} % of the damage is lost on calls of ${service}`, {
          weight: shareWeight(own + gap) - shareWeight(own),
          ...(ended.has(service) || gap < own / 2 ? NO_KIND : NETWORK),
        });
      });
    return { evidence, missing: both ? null : 'both ends of calls (client and server spans)' };
  },
};
