/**
 * Drops, refuses or loses packets to and from a port, in the kernel (nftables, else iptables), so for every program
 * and every protocol on it, connections that exist included. A partition is this with `peers`: who cannot reach whom.
 * Latency and bandwidth are the traffic layer's, which needs no privileges, or netem's, which needs a kernel that has it.
 */

import { randomBytes } from 'node:crypto';
import { HoldfastError } from '../../model/errors.ts';
import type { Executor, Fault, Possibility } from '../contract.ts';
import { type Backend, findBackend, type Rules, spaceOf, within } from '../firewall.ts';
import { Parameters } from '../parameters.ts';
import { peersOf, portOf } from './common.ts';

export interface Network {
  /** drop: no answer; reject: refused at once; loss: `percent` of the packets are dropped. */
  readonly mode: 'drop' | 'reject' | 'loss';
  readonly percent: number;
  /** in: what comes to the port; out: what it sends. */
  readonly direction: 'in' | 'out' | 'both';
  /** Addresses or prefixes of the other side; empty: everybody. */
  readonly peers: readonly string[];
}

interface Cut {
  readonly rules: Rules;
  readonly backend: Backend['name'];
  /** The network namespace it is in, as /proc/PID/ns/net names it; null: the keeper's. */
  readonly space: string | null;
}

export const network: Executor<Network> = {
  kind: 'network',
  what: 'drops, refuses or loses packets to and from a port, for everybody or for some peers',
  targets: ['port'],
  instant: false,
  parameters: {
    mode: '`drop`, `reject` (refused at once) or `loss`; `drop`',
    percent: 'of the packets, for `loss`; 100',
    direction: '`in` (to the port), `out` (from it) or `both`; `both`',
    peers: 'addresses or prefixes of the other side; everybody',
  },
  needs: 'nft or iptables; root',
  measured: 'packets that matched, by the kernel’s counters; one is a bite',
  reverted: 'its table (nft) or chains (iptables) are removed; nobody else’s are touched',
  parse: (given) => {
    const read = new Parameters('network', given);
    const parsed = {
      mode: read.oneOf('mode', ['drop', 'reject', 'loss'] as const, 'drop'),
      percent: read.number('percent', 0.01, 100, 100),
      direction: read.oneOf('direction', ['in', 'out', 'both'] as const, 'both'),
      peers: peersOf('network', read),
    };
    read.end();
    return parsed;
  },
  possible: (): Possibility => {
    const backend = findBackend([]);
    if (backend) return { possible: true, how: `by ${backend.name}` };
    return {
      possible: false,
      why: 'neither nft nor iptables may change the packet filter here',
      instead: 'Run the agent as root with nftables installed, or use the faults of the traffic layer.',
    };
  },
  prepare: ({ id, parameters }: Fault<Network>, at) => {
    const { port, protocol, process } = portOf(at);
    const space = process ? (spaceOf(process.pid) ?? null) : null;
    const backend = findBackend(within(space) ?? []);
    if (!backend) throw new HoldfastError('HF8201', 'the packet filter of the target may not be changed');
    // Another Holdfast on this machine may give its fault the same name.
    const own = `${id}-${randomBytes(4).toString('hex')}`;
    return { rules: { id: own, port, protocol, ...parameters }, backend: backend.name, space } satisfies Cut;
  },
  begin: async (_fault, traces) => {
    const { backend, prefix, rules } = resolve(traces as unknown as Cut);
    backend.apply(prefix, rules);
    return {
      measure: () => {
        const measured = backend.matched(prefix, rules);
        return { asked: 1, measured, unit: 'packets affected', bitten: measured > 0 };
      },
    };
  },
  revert: async (_fault, traces) => {
    const cut = traces as unknown as Cut;
    // A namespace that nobody is in has gone, and its rules with it.
    if (within(cut.space) === undefined) return;
    const { backend, prefix, rules } = resolve(cut);
    backend.remove(prefix, rules);
  },
  residue: (_fault, traces) => {
    const cut = traces as unknown as Cut;
    if (within(cut.space) === undefined) return [];
    const { backend, prefix, rules } = resolve(cut);
    return backend.present(prefix, rules) ? [`${backend.name} still has the rules of fault ${rules.id}`] : [];
  },
};

function resolve({ rules, backend: name, space }: Cut) {
  const prefix = within(space) ?? [];
  const backend = findBackend(prefix, name);
  if (!backend) throw new Error(`${name} cannot be used any more`);
  return { backend, prefix, rules };
}
