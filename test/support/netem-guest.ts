/**
 * Runs inside another kernel, one that has netem (see other-kernel.ts): begins faults, looks from outside at what comes
 * of them, and says one line of JSON for each look. Judged by whoever started it.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Effect, Fault, Traces } from '../../src/inject/contract.ts';
import { type Netem, netem } from '../../src/inject/executors/netem.ts';

const PORT = 7_000;
const OTHER = 7_001;
const SILENCE_MS = 6_000;

const say = (look: string, seen: unknown): boolean => process.stdout.write(`${JSON.stringify({ look, seen })}\n`);
const tc = (...words: string[]): string => execFileSync('tc', words, { encoding: 'utf8' });
const queues = (): string => tc('qdisc', 'show', 'dev', 'lo').trim();

/** Of an echo on a new connection, ms; null: none came. */
async function echo(port: number): Promise<number | null> {
  const from = performance.now();
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('x'));
    const end = (took: number | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(took);
    };
    const timer = setTimeout(end, SILENCE_MS, null);
    socket.once('data', () => end(Math.round(performance.now() - from)));
    socket.once('error', () => end(null));
  });
}

/** The best of three: this kernel is slow, and where nothing is to be felt only that may not look like something. */
async function undisturbed(port: number): Promise<number | null> {
  const took = [await echo(port), await echo(port), await echo(port)].filter((each) => each !== null);
  return took.length === 0 ? null : Math.min(...took);
}

/** Numbered datagrams, one every few ms; what arrives, in the order of arrival. */
async function burst(count: number): Promise<number[]> {
  const [here, there] = [createSocket('udp4'), createSocket('udp4')];
  const arrived: number[] = [];
  there.on('message', (message) => arrived.push(Number(message.toString())));
  await new Promise<void>((resolve) => there.bind(PORT, '127.0.0.1', resolve));
  for (let number = 0; number < count; number++) {
    here.send(String(number), PORT, '127.0.0.1');
    await pause(5);
  }
  await pause(500);
  here.close();
  there.close();
  return arrived;
}

interface Begun {
  readonly fault: Fault<Netem>;
  readonly traces: Traces;
  readonly effect: Effect;
}

let faults = 0;

/** What a keeper does; a process of its own for it would take most of the time of this slow kernel. */
async function begin(given: Record<string, unknown>, port = PORT, protocol: 'tcp' | 'udp' = 'tcp'): Promise<Begun> {
  const target = { kind: 'port', port, protocol, process: null } as const;
  const parameters = netem.parse(given);
  const base = { kind: 'netem', parameters, target, holder: 'test', requestedAt: 0, bootId: '' };
  const fault: Fault<Netem> = { ...base, id: `fault-${++faults}` };
  const at = { directory: '/run', now: () => performance.now(), deadline: () => Infinity, target: () => target };
  const traces = netem.prepare(fault, at);
  return { fault, traces, effect: await netem.begin(fault, traces, at) };
}

/** Its bite, and what it leaves when it is over. */
async function end({ fault, traces, effect }: Begun): Promise<{ bitten: boolean; residue: readonly string[] }> {
  const { bitten } = effect.measure();
  await netem.revert(fault, traces);
  await netem.revert(fault, traces);
  return { bitten, residue: netem.residue(fault, traces) };
}

/** Begins it, looks, ends it. */
async function during(look: string, begun: Promise<Begun>, see: () => Promise<unknown>): Promise<void> {
  const fault = await begun;
  const seen = await see();
  say(look, { seen, ...(await end(fault)), queues: queues() });
}

async function looks(): Promise<void> {
  say('without modules', netem.possible());
  for (const file of process.argv.slice(2)) execFileSync('insmod', [file]);
  say('with modules', netem.possible());
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const port of [PORT, OTHER]) {
    const server = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  }
  say('before', { echo: await echo(PORT), burst: await burst(20), queues: queues() });
  await during('delay', begin({ delayMs: 400 }), async () => [await echo(PORT), await undisturbed(OTHER)]);
  await during('one way', begin({ delayMs: 400, direction: 'in' }), () => undisturbed(PORT));
  const elsewhere = ['192.0.2.0/24', '2001:db8::/32'];
  await during('other peers', begin({ delayMs: 400, peers: elsewhere }), () => undisturbed(PORT));
  await during('loss', begin({ lossPercent: 100 }), async () => await echo(PORT));
  await during('bursts', begin({ lossPercent: 40, lossBurst: 5 }, PORT, 'udp'), async () => await burst(200));
  await during('twice', begin({ duplicatePercent: 100 }, PORT, 'udp'), async () => await burst(20));
  await during('overtaken', begin({ delayMs: 60, reorderPercent: 40 }, PORT, 'udp'), async () => await burst(60));
  await during('damaged', begin({ corruptPercent: 100 }, PORT, 'udp'), async () => await burst(20));
  await twoAtOnce();
  await foreign();
}

async function twoAtOnce(): Promise<void> {
  const [first, second] = [await begin({ delayMs: 400 }), await begin({ delayMs: 400 }, OTHER)];
  const both = [await echo(PORT), await echo(OTHER)];
  await end(first);
  const one = [await undisturbed(PORT), await echo(OTHER)];
  // As when the last of several takes the queue away at the same moment: what lasts is put back.
  tc('qdisc', 'del', 'dev', 'lo', 'root');
  const gone = await undisturbed(OTHER);
  second.effect.measure();
  const again = await echo(OTHER);
  say('two at once', { both, one, gone, again, ...(await end(second)), queues: queues() });
}

async function foreign(): Promise<void> {
  tc('qdisc', 'add', 'dev', 'lo', 'root', 'handle', '7:', 'prio');
  const refused = await begin({ delayMs: 100 }).then(() => 'not refused', String);
  say('foreign', { refused, queues: queues() });
}

try {
  await looks();
} catch (error) {
  say('broke', error instanceof Error ? error.stack : error);
}
process.exit();
