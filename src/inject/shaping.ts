/**
 * The kernel's traffic control (tc) as a place for faults: netem on packets to and from one port of a device. The queue
 * of the device becomes one with bands: the first takes everybody's packets as they come, each of the others is one
 * fault's. A device for which somebody has set a queue of his own is left alone.
 *
 * Faults begin and end each in a keeper of its own, so the last to end may take the queue away while the next is putting
 * its band in: putting in tries again, and whoever measures puts back what is gone (`apply` may be called any number of
 * times).
 */
import type { Prefix } from './firewall.ts';
import { run, tool } from './processes.ts';

export interface Shape {
  readonly device: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly directions: readonly ('in' | 'out')[];
  /** Addresses or prefixes of the other side; empty: everybody. */
  readonly peers: readonly string[];
  /** Of the fault's own queue, by which it is found again: 16 bits. */
  readonly handle: number;
  /** What netem is told: `delay 100ms`. */
  readonly netem: readonly string[];
}

/** Of the queue with bands. Any number would do: by it ours is known from others'. */
const ROOT = '4f1d:';
/** As many as the kernel's prio has; the first is for everybody else. */
const BANDS = 16;
const TRIES = 5;
/** A kernel that has to load modules first takes its time. */
const BATCH_MS = 10_000;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

interface Queue {
  readonly kind: string;
  readonly handle: string;
  readonly root?: boolean;
  readonly parent?: string;
  readonly packets?: number;
  readonly drops?: number;
  readonly qlen?: number;
}

const tcPath = (): string => tool('tc') ?? 'tc';
const tc = (prefix: Prefix, ...words: readonly string[]): string => run([...prefix, tcPath(), ...words]);

const queuesOf = (prefix: Prefix, device: string): readonly Queue[] =>
  JSON.parse(tc(prefix, '-s', '-j', 'qdisc', 'show', 'dev', device) || '[]') as Queue[];

const isOurs = ({ handle, root }: Queue): boolean => root === true && handle === ROOT;
const ownOf = (queues: readonly Queue[], { handle }: Shape): Queue | undefined =>
  queues.find((queue) => queue.handle === `${handle.toString(16)}:`);
const bandOf = ({ parent }: Queue): number => Number.parseInt(parent?.slice(ROOT.length) ?? '', 16);
const bandsOf = (queues: readonly Queue[]): readonly Queue[] =>
  queues.filter(({ parent, handle }) => parent?.startsWith(ROOT) && handle !== '0:');

/** The queue that somebody has set for the device; undefined: it has what the kernel gives to every one, or ours. */
export function foreignQueue(prefix: Prefix, device: string): string | undefined {
  return queuesOf(prefix, device).find((queue) => queue.root === true && queue.handle !== '0:' && !isOurs(queue))?.kind;
}

/** Throws what makes it impossible here, in a network that ends with the attempt. */
export function probe(): void {
  const commands = [
    `qdisc add dev lo root handle ${ROOT} prio bands ${BANDS}`,
    `qdisc add dev lo parent ${ROOT}2 handle 1: netem delay 1ms`,
    filterOf('lo', 2, 4, 'match ip dport 1 0xffff'),
  ];
  run([tool('unshare') ?? 'unshare', '--net', '--', tcPath(), '-batch', '-'], BATCH_MS, `${commands.join('\n')}\n`);
}

/** Does nothing where it is in already. */
export function apply(prefix: Prefix, shape: Shape): void {
  for (let attempt = 1; ; attempt++) {
    const queues = queuesOf(prefix, shape.device);
    if (ownOf(queues, shape) !== undefined) return;
    try {
      // One process for all of it: between two the last of the others may end.
      run([...prefix, tcPath(), '-batch', '-'], BATCH_MS, `${commandsFor(shape, queues).join('\n')}\n`);
      return;
    } catch (error) {
      if (attempt === TRIES) throw error;
    }
  }
}

function commandsFor(shape: Shape, queues: readonly Queue[]): readonly string[] {
  const { device } = shape;
  const taken = new Set(bandsOf(queues).map(bandOf));
  const band = Array.from({ length: BANDS - 1 }, (_, at) => at + 2).find((each) => !taken.has(each));
  if (band === undefined) throw new Error(`${device} has ${BANDS - 1} faults of this kind, and takes no more`);
  const everybody = Array.from({ length: 16 }, () => '0').join(' ');
  const root = `qdisc add dev ${device} root handle ${ROOT} prio bands ${BANDS} priomap ${everybody}`;
  const place = `parent ${ROOT}${band.toString(16)} handle ${shape.handle.toString(16)}:`;
  return [
    ...(queues.some(isOurs) ? [] : [root]),
    `qdisc add dev ${device} ${place} netem ${shape.netem.join(' ')}`,
    ...matchesOf(shape).map(({ family, match }) => filterOf(device, band, family, match)),
  ];
}

/** What a packet has to be, once for each family of addresses, direction and peer. */
export function matchesOf({ port, protocol, directions, peers }: Shape): { family: 4 | 6; match: string }[] {
  return ([4, 6] as const).flatMap((family) => {
    const words = family === 4 ? 'ip' : 'ip6';
    const own = peers.filter((peer) => peer.includes(':') === (family === 6));
    if (peers.length > 0 && own.length === 0) return [];
    return directions.flatMap((direction) => {
      const [side, other] = direction === 'in' ? ['dport', 'src'] : ['sport', 'dst'];
      const base = `match ${words} protocol ${PROTOCOLS[protocol]} 0xff match ${words} ${side} ${port} 0xffff`;
      const whom = own.length === 0 ? [''] : own.map((peer) => ` match ${words} ${other} ${peer}`);
      return whom.map((more) => ({ family, match: base + more }));
    });
  });
}

/** Of a band: one number for each family, because the kernel wants that. */
const preference = (band: number, family: 4 | 6): string => String(2 * band + (family === 4 ? 0 : 1));

function filterOf(device: string, band: number, family: 4 | 6, match: string): string {
  const rank = `protocol ${family === 4 ? 'ip' : 'ipv6'} prio ${preference(band, family)}`;
  return `filter add dev ${device} parent ${ROOT} ${rank} u32 ${match} flowid ${ROOT}${band.toString(16)}`;
}

/** Also what was put in by halves; the queue of the device goes with the last fault. */
export function remove(prefix: Prefix, shape: Shape): void {
  const { device } = shape;
  const own = ownOf(queuesOf(prefix, device), shape);
  if (own !== undefined) {
    for (const family of new Set(matchesOf(shape).map(({ family: each }) => each))) {
      const rank = ['protocol', family === 4 ? 'ip' : 'ipv6', 'prio', preference(bandOf(own), family)];
      const present = tc(prefix, 'filter', 'show', 'dev', device, 'parent', ROOT, ...rank);
      if (present !== '') tc(prefix, 'filter', 'del', 'dev', device, 'parent', ROOT, ...rank);
    }
    tc(prefix, 'qdisc', 'del', 'dev', device, 'parent', own.parent ?? '', 'handle', own.handle);
  }
  if (isLeft(queuesOf(prefix, device))) tc(prefix, 'qdisc', 'del', 'dev', device, 'root', 'handle', ROOT);
}

/** Our queue, and nobody's band in it. */
const isLeft = (queues: readonly Queue[]): boolean => queues.some(isOurs) && bandsOf(queues).length === 0;

export function present(prefix: Prefix, shape: Shape): boolean {
  const queues = queuesOf(prefix, shape.device);
  return ownOf(queues, shape) !== undefined || isLeft(queues);
}

/** Packets that came to it so far: passed on, thrown away, or waiting; undefined when it is gone. */
export function packetsOf(prefix: Prefix, shape: Shape): number | undefined {
  const own = ownOf(queuesOf(prefix, shape.device), shape);
  return own && (own.packets ?? 0) + (own.drops ?? 0) + (own.qlen ?? 0);
}
