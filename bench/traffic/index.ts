/**
 * Endpoints against HAProxy and nginx: throughput of small requests with one core each, CPU per request, and latency
 * added to a call without a proxy. Rounds are interleaved, so that a noisy machine disturbs all alike; the ratios are
 * medians of per-round ratios.
 */
import { cpus, loadavg } from 'node:os';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { echoLatency, type Latency, type Throughput, wrk } from './load.ts';
import { NAMES, type Name, type Subject, startRig } from './proxies.ts';

const BUSY_CONNECTIONS = 32;
/** Few enough that no queue forms: what a single call pays. */
const QUIET_CONNECTIONS = 2;

/** When the best round's ratio is more than this times the worst's, the median is chance: no verdict. */
const MAX_SPREAD = 2;

const TARGETS = { tcp: 0.9, http: 0.5 };
type Protocol = keyof typeof TARGETS;
const PROTOCOLS: readonly Protocol[] = ['tcp', 'http'];

const WHERE_THE_REST_GOES: Readonly<Record<Protocol, string>> = {
  tcp: 'busy time by --cpu-prof: 77 % the write system call, 11 % Node’s sockets and streams, 6 % garbage collection, 2 % our code; reads happen in the event loop, which the profile does not tell from idleness',
  http: 'busy time by --cpu-prof: 83 % the write system call, 7 % Node’s sockets and streams, 3 % garbage collection, 5 % our code (parsing, balancing, measuring); reads happen in the event loop, which the profile does not tell from idleness',
};

interface Round {
  readonly busy: Throughput;
  /** Requests per second of the proxy's CPU time. */
  readonly perCpuSecond: number;
  readonly quiet: Latency;
}

type Results = Record<Protocol, Record<Name, Round[]>>;

async function run({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  const rounds = quick ? 3 : 7;
  const seconds = quick ? 1 : 3;
  const others = loadavg()[0] as number;
  const rig = await startRig();
  try {
    const results: Results = { tcp: noRounds(), http: noRounds() };
    for (const subject of rig.subjects) await wrk(subject.http, BUSY_CONNECTIONS, 1);
    for (const subject of rig.subjects) await wrk(subject.tcp, BUSY_CONNECTIONS, 1);
    for (let round = 0; round < rounds; round++) {
      for (const protocol of PROTOCOLS) {
        for (const subject of rotated(rig.subjects, round))
          results[protocol][subject.name].push(await measure(subject, protocol, seconds));
        log(`round ${round + 1} of ${rounds}, ${protocol}: ${summary(results[protocol])}`);
      }
    }
    return PROTOCOLS.flatMap((protocol) => rowsOf(protocol, results[protocol], others));
  } finally {
    await rig.stop();
  }
}

const noRounds = (): Record<Name, Round[]> => ({ direct: [], haproxy: [], nginx: [], holdfast: [] });

const rotated = <T>(items: readonly T[], by: number): T[] =>
  items.map((_, index) => items[(index + by) % items.length] as T);

async function measure(subject: Subject, protocol: Protocol, seconds: number): Promise<Round> {
  const port = protocol === 'http' ? subject.http : subject.tcp;
  const before = subject.cpuSeconds();
  const busy = await wrk(port, BUSY_CONNECTIONS, seconds);
  const used = before === null ? Number.NaN : (subject.cpuSeconds() as number) - before;
  const quiet =
    protocol === 'http'
      ? await wrk(subject.http, QUIET_CONNECTIONS, seconds)
      : await echoLatency(subject.echo, QUIET_CONNECTIONS, seconds);
  return { busy, perCpuSecond: (busy.perSecond * seconds) / used, quiet };
}

function summary(results: Record<Name, Round[]>): string {
  return NAMES.map((name) => `${name} ${Math.round(results[name].at(-1)?.busy.perSecond ?? 0)}/s`).join(', ');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function rowsOf(protocol: Protocol, results: Record<Name, Round[]>, others: number): BenchRow[] {
  const of = (name: Name, value: (round: Round) => number): number => median(results[name].map(value));
  const ratio = (value: (round: Round) => number, peer: Name): number[] =>
    results.holdfast.map((round, index) => value(round) / value(results[peer][index] as Round));
  const perSecond = (round: Round): number => round.busy.perSecond;
  const info = (id: string, what: string, value: number, unit: string, note?: string): BenchRow => ({
    id: `${protocol}.${id}`,
    what,
    value,
    unit,
    target: null,
    pass: null,
    ...(note === undefined ? {} : { note }),
  });
  const rows: BenchRow[] = NAMES.map((name) =>
    info(`${name}.throughput`, `${label(name)}, ${BUSY_CONNECTIONS} connections`, of(name, perSecond), 'requests/s'),
  );
  const ratios = ratio(perSecond, 'haproxy');
  const value = median(ratios);
  const conclusive = Math.max(...ratios) <= MAX_SPREAD * Math.min(...ratios);
  const cpuRatio = median(ratio((round) => round.perCpuSecond, 'haproxy'));
  rows.push({
    id: `${protocol}.ratio`,
    what: 'Holdfast against HAProxy, throughput',
    value,
    unit: '×',
    target: TARGETS[protocol],
    pass: conclusive ? value >= TARGETS[protocol] : null,
    note: `${conclusive ? '' : 'inconclusive, the machine was too busy with other things: '}rounds from ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; ${cpus().length} cores shared with the load and the upstream, load average ${others.toFixed(1)} before the start; ${WHERE_THE_REST_GOES[protocol]}`,
  });
  rows.push(info('ratio.nginx', 'Holdfast against nginx, throughput', median(ratio(perSecond, 'nginx')), '×'));
  rows.push(
    info(
      'ratio.cpu',
      'Holdfast against HAProxy, requests per second of CPU time',
      cpuRatio,
      '×',
      'throughput alone flatters the slower proxy where the load or the upstream is the limit: this does not',
    ),
  );
  for (const name of NAMES.slice(1)) {
    const added = (value: (round: Round) => number): number =>
      median(results[name].map((round, index) => value(round) - value(results.direct[index] as Round)));
    const what = `${label(name)}, added to a call without a proxy, ${QUIET_CONNECTIONS} connections`;
    rows.push(
      info(
        `${name}.added.p50`,
        `${what}, p50`,
        added((round) => round.quiet.p50Us),
        'µs',
      ),
    );
    rows.push(
      info(
        `${name}.added.p99`,
        `${what}, p99`,
        added((round) => round.quiet.p99Us),
        'µs',
      ),
    );
  }
  return rows;
}

function label(name: Name): string {
  return { direct: 'no proxy', haproxy: 'HAProxy', nginx: 'nginx', holdfast: 'Holdfast' }[name];
}

export const bench: Bench = {
  name: 'traffic',
  what: 'endpoint throughput and added latency against HAProxy and nginx, small requests, one core each',
  run,
};
