/**
 * The kernel's packet filter by either of its two programs. Everything of a fault is in a table (nft) or in chains
 * (iptables) of its own, named after it: putting it in and taking it out touches no rule of anybody else.
 */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { allStats, run, tool } from './processes.ts';

export interface Rules {
  /** Of the fault: `0000abcd-0f3c9a21`. */
  readonly id: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly mode: 'drop' | 'reject' | 'loss';
  readonly percent: number;
  readonly direction: 'in' | 'out' | 'both';
  readonly peers: readonly string[];
}

/** Put before a command, to run it in another network namespace. */
export type Prefix = readonly string[];

export interface Backend {
  readonly name: 'nft' | 'iptables';
  apply(prefix: Prefix, rules: Rules): void;
  /** Also what was put in by halves. */
  remove(prefix: Prefix, rules: Rules): void;
  present(prefix: Prefix, rules: Rules): boolean;
  /** Packets so far. */
  matched(prefix: Prefix, rules: Rules): number;
  /** Throws when it may not be used. */
  probe(prefix: Prefix): void;
}

/** The first that may be used there; `only`: that one. */
export function findBackend(prefix: Prefix, only?: Backend['name']): Backend | undefined {
  return [nft, iptables].find((backend) => {
    if (only !== undefined && backend.name !== only) return false;
    try {
      backend.probe(prefix);
      return true;
    } catch {
      return false;
    }
  });
}

/** The network namespace of a process; undefined when it is the keeper's own. */
export function spaceOf(pid: number): string | undefined {
  const space = readlinkSync(`/proc/${pid}/ns/net`);
  return space === readlinkSync('/proc/self/ns/net') ? undefined : space;
}

/** Through any process that lives in it; undefined when none does. */
export function within(space: string | null): Prefix | undefined {
  if (space === null) return [];
  const inside = allStats().find(({ pid }) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/net`) === space;
    } catch {
      return false;
    }
  });
  return inside && [tool('nsenter') ?? 'nsenter', `--net=/proc/${inside.pid}/ns/net`, '--'];
}

const directionsOf = ({ direction }: Rules): readonly ('in' | 'out')[] =>
  direction === 'both' ? ['in', 'out'] : [direction];

const isV6 = (peer: string): boolean => peer.includes(':');

const nftPath = (): string => tool('nft') ?? 'nft';
const tableOf = ({ id }: Rules): string => `holdfast_${id.replaceAll('-', '_')}`;

/** The whole table as one transaction. */
export function nftScript(rules: Rules): string {
  const perTenThousand = Math.round(rules.percent * 100);
  // All of them is no share, and nft refuses it as one.
  const share = rules.mode === 'loss' && perTenThousand < 10_000 ? `numgen random mod 10000 < ${perTenThousand} ` : '';
  const refusal = rules.protocol === 'tcp' ? 'reject with tcp reset' : 'reject';
  const verdict = rules.mode === 'reject' ? refusal : 'drop';
  const chains = directionsOf(rules).map((direction) => {
    const [hook, own, other] = direction === 'in' ? ['input', 'dport', 'saddr'] : ['output', 'sport', 'daddr'];
    const families = [rules.peers.filter((peer) => !isV6(peer)), rules.peers.filter(isV6)];
    const whom =
      rules.peers.length === 0
        ? ['']
        : families.flatMap((peers, at) =>
            peers.length === 0 ? [] : [`${at === 0 ? 'ip' : 'ip6'} ${other} { ${peers.join(', ')} } `],
          );
    const lines = whom.map((match) => `    ${match}${rules.protocol} ${own} ${rules.port} ${share}counter ${verdict}`);
    return `  chain ${direction} {\n    type filter hook ${hook} priority -150;\n${lines.join('\n')}\n  }`;
  });
  return `table inet ${tableOf(rules)} {\n${chains.join('\n')}\n}`;
}

const nft: Backend = {
  name: 'nft',
  probe: (prefix) => void run([...prefix, nftPath(), 'list', 'tables']),
  apply: (prefix, rules) => void run([...prefix, nftPath(), nftScript(rules)]),
  remove: (prefix, rules) => {
    if (nft.present(prefix, rules)) run([...prefix, nftPath(), 'delete', 'table', 'inet', tableOf(rules)]);
  },
  present: (prefix, rules) => run([...prefix, nftPath(), 'list', 'tables']).includes(` ${tableOf(rules)}\n`),
  matched: (prefix, rules) => {
    const text = run([...prefix, nftPath(), 'list', 'table', 'inet', tableOf(rules)]);
    return [...text.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
  },
};

/** At most 28 characters, so not the id itself. */
const chainOf = ({ id }: Rules, direction: 'in' | 'out'): string =>
  `HOLDFAST-${createHash('sha256').update(id).digest('hex').slice(0, 12)}-${direction}`;

/** For each program (one for each family of addresses) the rules of one chain. */
export function iptablesRules(rules: Rules, direction: 'in' | 'out', family: 4 | 6): readonly (readonly string[])[] {
  const peers = rules.peers.filter((peer) => isV6(peer) === (family === 6));
  if (rules.peers.length > 0 && peers.length === 0) return [];
  const [own, other] = direction === 'in' ? ['--dport', '-s'] : ['--sport', '-d'];
  const share = String(Math.min(1, rules.percent / 100));
  const loss = rules.mode === 'loss' ? ['-m', 'statistic', '--mode', 'random', '--probability', share] : [];
  const refusal = rules.protocol === 'tcp' ? ['REJECT', '--reject-with', 'tcp-reset'] : ['REJECT'];
  const verdict = rules.mode === 'reject' ? refusal : ['DROP'];
  const whom = peers.length === 0 ? [[]] : peers.map((peer) => [other as string, peer]);
  return whom.map((match) => [
    ...['-A', chainOf(rules, direction), '-p', rules.protocol, own as string, String(rules.port)],
    ...[...match, ...loss, '-j', ...verdict],
  ]);
}

const PROGRAMS = [
  ['iptables', 4],
  ['ip6tables', 6],
] as const;

const iptables: Backend = {
  name: 'iptables',
  probe: (prefix) => void ipt(prefix, 'iptables', ['-S', 'INPUT']),
  apply: (prefix, rules) => {
    for (const [program, family] of PROGRAMS) {
      for (const direction of directionsOf(rules)) {
        const own = iptablesRules(rules, direction, family);
        if (own.length === 0) continue;
        const chain = chainOf(rules, direction);
        ipt(prefix, program, ['-N', chain]);
        for (const rule of own) ipt(prefix, program, rule);
        // Last, so that it takes effect whole.
        ipt(prefix, program, ['-I', direction === 'in' ? 'INPUT' : 'OUTPUT', '1', '-j', chain]);
      }
    }
  },
  remove: (prefix, rules) => {
    for (const [program] of PROGRAMS) {
      for (const direction of directionsOf(rules)) {
        const chain = chainOf(rules, direction);
        const listed = ipt(prefix, program, ['-S']);
        if (listed.includes(`-j ${chain}\n`)) {
          ipt(prefix, program, ['-D', direction === 'in' ? 'INPUT' : 'OUTPUT', '-j', chain]);
        }
        if (!listed.includes(`-N ${chain}\n`)) continue;
        ipt(prefix, program, ['-F', chain]);
        ipt(prefix, program, ['-X', chain]);
      }
    }
  },
  present: (prefix, rules) =>
    PROGRAMS.some(([program]) => {
      const listed = ipt(prefix, program, ['-S']);
      return (['in', 'out'] as const).some((direction) => listed.includes(chainOf(rules, direction)));
    }),
  matched: (prefix, rules) =>
    PROGRAMS.flatMap(([program, family]) =>
      directionsOf(rules).flatMap((direction) => {
        if (iptablesRules(rules, direction, family).length === 0) return [];
        const lines = ipt(prefix, program, ['-nvxL', chainOf(rules, direction)])
          .split('\n')
          .slice(2);
        return lines.map((line) => Number.parseInt(line.trim(), 10) || 0);
      }),
    ).reduce((sum, packets) => sum + packets, 0),
};

/** `-w`: others use it too; waiting for them is better than failing. */
function ipt(prefix: Prefix, program: 'iptables' | 'ip6tables', args: readonly string[]): string {
  return run([...prefix, tool(program) ?? program, '-w', '2', ...args]);
}
