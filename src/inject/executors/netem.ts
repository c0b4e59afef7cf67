/**
 * Delays, loses, repeats, reorders or damages packets to and from a port, in the kernel (netem), so below TCP: what the
 * traffic layer can only imitate as stalls is real here. It needs root and a kernel that has netem; whether this one has
 * is found out beforehand, in a network of its own.
 *
 * netem works on what leaves a device. On `lo` everything leaves it, in both directions. What comes in over another
 * device has left it elsewhere: there only the answers of the port can be struck.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../model/errors.ts';
import type { Executor, Fault, Possibility } from '../contract.ts';
import { spaceOf, within } from '../firewall.ts';
import { Parameters } from '../parameters.ts';
import { tool } from '../processes.ts';
import { apply, foreignQueue, packetsOf, present, probe, remove, type Shape } from '../shaping.ts';
import { peersOf, portOf } from './common.ts';

export interface Netem {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly distribution: 'uniform' | 'normal' | 'pareto' | 'paretonormal';
  readonly lossPercent: number;
  /** Mean number of packets that are lost in a row. */
  readonly lossBurst: number;
  readonly duplicatePercent: number;
  readonly reorderPercent: number;
  readonly corruptPercent: number;
  readonly correlationPercent: number;
  readonly bytesPerSec: number;
  readonly direction: 'auto' | 'in' | 'out' | 'both';
  readonly peers: readonly string[];
  readonly device: string;
}

interface Shaped {
  readonly shape: Shape;
  /** The network namespace it is in, as /proc/PID/ns/net names it; null: the keeper's. */
  readonly space: string | null;
}

/** Packets that may wait: a long delay holds many, and netem throws away what has no room (its own default is 1,000). */
const LIMIT = 100_000;
const INSTEAD =
  'Without it there are `network` (drop, reject, loss) and `latency`, `bandwidth`, `loss`, `reset` of the traffic layer; nothing repeats, reorders or damages packets.';

export const netem: Executor<Netem> = {
  kind: 'netem',
  what: 'delays, loses, repeats, reorders or damages packets to and from a port, below TCP',
  targets: ['port'],
  instant: false,
  parameters: {
    delayMs: 'how much later each packet arrives, in each direction, ms; 0',
    jitterMs: 'of the delay, ms; 0',
    distribution: '`uniform`, `normal`, `pareto` or `paretonormal`; `uniform`',
    lossPercent: 'of the packets; 0',
    lossBurst: 'how many are lost in a row on average; 1',
    duplicatePercent: 'of the packets arrive twice; 0',
    reorderPercent: 'of the packets overtake those before them (needs `delayMs`); 0',
    corruptPercent: 'of the packets have a bit turned over, and are thrown away where that is noticed; 0',
    correlationPercent: 'how much each draw is like the one before; 0',
    bytesPerSec: 'as much as the line carries; no limit',
    direction:
      '`in` (to the port), `out` (from it), `both`, or `auto`: both on `lo`, `out` on others, the only one there; `auto`',
    peers: 'addresses or prefixes of the other side; everybody',
    device: 'the network device; `lo`, or for an instance with a network of its own the one that leads out of it',
  },
  needs: 'tc (iproute2); root; a kernel with netem (sch_netem, sch_prio, cls_u32); nobody else shapes that device',
  measured: 'packets that went through it, by the kernel’s counters; one is a bite',
  reverted: 'its queue is removed, with the last of them also the one with bands that the device got for it',
  parse,
  possible,
  prepare: ({ id, parameters }: Fault<Netem>, at) => {
    const { port, protocol, process } = portOf(at);
    const space = process ? (spaceOf(process.pid) ?? null) : null;
    const device = parameters.device || (space === null || process === null ? 'lo' : wayOut(process.pid));
    const foreign = foreignQueue(within(space) ?? [], device);
    if (foreign !== undefined) {
      throw new HoldfastError('HF8201', `${device} has a queue that somebody else has set (${foreign})`, {
        remedy: `Remove it (tc qdisc del dev ${device} root), name another device, or use the traffic layer.`,
      });
    }
    const shape: Shape = {
      device,
      port,
      protocol,
      directions: directionsOn(device, parameters),
      peers: parameters.peers,
      handle: handleOf(id),
      netem: netemWords(parameters),
    };
    return { shape, space } satisfies Shaped;
  },
  begin: async (_fault, traces) => {
    const { shape, space } = traces as unknown as Shaped;
    const prefix = within(space) ?? [];
    apply(prefix, shape);
    let before = 0;
    let packets = 0;
    return {
      measure: () => {
        const now = packetsOf(prefix, shape);
        if (now === undefined) {
          // Somebody took the queue of the device away: it is put back, and its counter begins anew.
          apply(prefix, shape);
          before = packets;
        } else packets = before + now;
        return { asked: 1, measured: packets, unit: 'packets', bitten: packets > 0 };
      },
    };
  },
  revert: async (_fault, traces) => {
    const { shape, space } = traces as unknown as Shaped;
    // A namespace that nobody is in has gone, and its queues with it.
    const prefix = within(space);
    if (prefix !== undefined) remove(prefix, shape);
  },
  residue: (_fault, traces) => {
    const { shape, space } = traces as unknown as Shaped;
    const prefix = within(space);
    return prefix !== undefined && present(prefix, shape) ? [`${shape.device} still has a queue of this fault`] : [];
  },
};

function parse(given: Readonly<Record<string, unknown>>): Netem {
  const read = new Parameters('netem', given);
  const percent = (name: string): number => read.number(name, 0, 100, 0);
  const parsed: Netem = {
    delayMs: read.number('delayMs', 0, 600_000, 0),
    jitterMs: read.number('jitterMs', 0, 600_000, 0),
    distribution: read.oneOf('distribution', ['uniform', 'normal', 'pareto', 'paretonormal'] as const, 'uniform'),
    lossPercent: percent('lossPercent'),
    lossBurst: read.number('lossBurst', 1, 10_000, 1),
    duplicatePercent: percent('duplicatePercent'),
    reorderPercent: percent('reorderPercent'),
    corruptPercent: percent('corruptPercent'),
    correlationPercent: percent('correlationPercent'),
    bytesPerSec: read.integer('bytesPerSec', 0, 1e12, 0),
    direction: read.oneOf('direction', ['auto', 'in', 'out', 'both'] as const, 'auto'),
    peers: peersOf('netem', read),
    device: read.text('device', /^[A-Za-z0-9_.@:-]{1,15}$/, ''),
  };
  read.end();
  const { delayMs, jitterMs, lossPercent, duplicatePercent, reorderPercent, corruptPercent, bytesPerSec } = parsed;
  const effects = [delayMs, lossPercent, duplicatePercent, corruptPercent, bytesPerSec];
  if (delayMs === 0 && (reorderPercent > 0 || jitterMs > 0)) {
    throw new HoldfastError('HF6004', 'fault netem: without delayMs there is nothing to vary, and nothing to overtake');
  }
  if (effects.every((value) => value === 0)) {
    throw new HoldfastError(
      'HF6004',
      'fault netem does nothing: give delayMs, lossPercent, duplicatePercent, corruptPercent or bytesPerSec',
    );
  }
  return parsed;
}

/** As tc takes them. */
export function netemWords(asked: Netem): readonly string[] {
  const like = asked.correlationPercent > 0 ? [`${asked.correlationPercent}%`] : [];
  const share = (word: string, percent: number): string[] => (percent > 0 ? [word, `${percent}%`, ...like] : []);
  const words = ['limit', String(LIMIT)];
  if (asked.delayMs > 0) {
    words.push('delay', `${asked.delayMs}ms`);
    if (asked.jitterMs > 0) words.push(`${asked.jitterMs}ms`, ...like);
    // Of tc itself uniform is what it does without a table.
    if (asked.jitterMs > 0 && asked.distribution !== 'uniform') words.push('distribution', asked.distribution);
  }
  words.push(...lossWords(asked, like));
  words.push(...share('duplicate', asked.duplicatePercent), ...share('reorder', asked.reorderPercent));
  words.push(...share('corrupt', asked.corruptPercent));
  if (asked.bytesPerSec > 0) words.push('rate', `${8 * asked.bytesPerSec}bit`);
  return words;
}

/**
 * In bursts by Gilbert's model: p leads into a burst, r out of it. A burst lasts 1/r packets, and the share of packets
 * lost is p/(p + r).
 */
function lossWords({ lossPercent, lossBurst }: Netem, like: readonly string[]): readonly string[] {
  if (lossPercent === 0) return [];
  if (lossBurst === 1 || lossPercent === 100) return ['loss', 'random', `${lossPercent}%`, ...like];
  const r = 1 / lossBurst;
  const share = lossPercent / 100;
  const p = Math.min(1, (share * r) / (1 - share));
  return ['loss', 'gemodel', percentOf(p), percentOf(r)];
}

const percentOf = (share: number): string => `${Number((100 * share).toFixed(4))}%`;

function directionsOn(device: string, { direction }: Netem): readonly ('in' | 'out')[] {
  if (device === 'lo') return direction === 'auto' || direction === 'both' ? ['in', 'out'] : [direction];
  if (direction === 'auto' || direction === 'out') return ['out'];
  throw new HoldfastError('HF6004', `fault netem: what comes in over ${device} has left another machine already`, {
    remedy: 'Use direction: out, strike the sender, or use network (drop, reject, loss), which sees both directions.',
  });
}

/** Of the default route, in the network of that process; `lo` where it has none. */
function wayOut(pid: number): string {
  const routes = readFileSync(`/proc/${pid}/net/route`, 'latin1').split('\n').slice(1);
  return routes.map((line) => line.split('\t')).find(([, to]) => to === '00000000')?.[0] ?? 'lo';
}

/** Another Holdfast on this machine may give its fault the same name. Not 0 and ffff, which mean something, nor ours. */
function handleOf(id: string): number {
  const digest = createHash('sha256')
    .update(`${id} ${randomBytes(4).toString('hex')}`)
    .digest();
  return 0x5000 + (digest.readUInt16BE(0) % 0xa000);
}

function possible(): Possibility {
  if (tool('tc') === undefined) {
    return { possible: false, why: 'tc is not installed', instead: `Install iproute2. ${INSTEAD}` };
  }
  try {
    probe();
    return { possible: true, how: 'by netem' };
  } catch (error) {
    const said = (error as Error).message;
    if (/qdisc kind is unknown|No such file/i.test(said)) {
      return {
        possible: false,
        why: 'this kernel has no netem (sch_netem, sch_prio, cls_u32)',
        instead: `Load them (modprobe), or run on a kernel that has them. ${INSTEAD}`,
      };
    }
    return {
      possible: false,
      why: `traffic control may not be changed here (${said.split('\n')[0]?.split(': ').slice(1).join(': ')})`,
      instead: `Run the agent as root. ${INSTEAD}`,
    };
  }
}
