/**
 * How much OTLP one core takes in: received over a socket, decoded, folded into edges (traces) or matched with their
 * series (metrics). Server and sender are processes of their own; "per core" is per second of the server's CPU time
 * (all of its threads), which a busy machine and a slow sender do not change. Beside it what came through by the
 * clock, with both on this machine, and the decoder without sockets.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { decodeRates } from './decode.ts';
import type { SendOrder } from './sender.ts';
import type { ServerReady, ServerStats } from './server.ts';

const TARGET_HTTP = 250_000;
const TARGET_GRPC = 150_000;
/** Memory may differ by this much between the second fifth of the time and the last. */
const FLAT = 0.1;
/** Requests per second while memory is watched: 51,200 spans/s. */
const PACE = 100;
const MEMORY_SECONDS = 600;

export const bench: Bench = {
  name: 'intake',
  what: 'OTLP spans/s and metric points/s through decoding and folding, per core; memory over 10 minutes',
  run: async (options) => {
    const server = await start('server');
    const sender = await start('sender');
    try {
      const ports = server.first as ServerReady;
      const rows = decodeRows(options);
      for (const what of ['spans', 'points'] as const)
        for (const transport of ['http', 'grpc'] as const)
          rows.push(
            ...(await throughput(server.child, sender.child, { what, transport, port: ports[transport] }, options)),
          );
      rows.push(await memory(server.child, sender.child, ports.http, options));
      return rows;
    } finally {
      server.child.disconnect();
      sender.child.disconnect();
    }
  },
};

function decodeRows({ quick, log }: BenchOptions): BenchRow[] {
  log('decoding and folding without sockets');
  const rates = decodeRates(quick ? 1 : 5);
  const size = `${Math.round(rates.bytesPerSpan)} bytes a span`;
  return [
    info('decode.spans', 'spans decoded, no socket, not folded', rates.spansDecoded, '1/s', size),
    info('fold.spans', 'the same, folded into edges', rates.spansFolded, '1/s'),
    info(
      'gunzip.spans',
      'gunzip + decode, not folded',
      rates.spansGunzipped,
      '1/s',
      `${Math.round(rates.gzipBytesPerSpan)} bytes a span compressed`,
    ),
    info(
      'decode.points',
      'metric points matched with their series',
      rates.points,
      '1/s',
      `${Math.round(rates.bytesPerPoint)} bytes a point`,
    ),
  ];
}

async function throughput(
  server: ChildProcess,
  sender: ChildProcess,
  order: Pick<SendOrder, 'what' | 'transport' | 'port'>,
  { quick, log }: BenchOptions,
): Promise<BenchRow[]> {
  const seconds = quick ? 2 : 5;
  const perCore: number[] = [];
  const byClock: number[] = [];
  await ask(sender, { ...order, seconds: 1, pace: 0 });
  for (let round = 0; round < (quick ? 2 : 7); round++) {
    const before = await ask<ServerStats>(server, 'stats');
    const begin = performance.now();
    await ask(sender, { ...order, seconds, pace: 0 });
    const took = (performance.now() - begin) / 1_000;
    const after = await ask<ServerStats>(server, 'stats');
    const done = after[order.what] - before[order.what];
    perCore.push(done / (after.cpuSeconds - before.cpuSeconds));
    byClock.push(done / took);
  }
  const what = order.what === 'spans' ? 'spans received, decoded, folded' : 'metric points received, decoded';
  const name = order.transport === 'http' ? 'OTLP/HTTP' : 'OTLP/gRPC';
  const id = `${order.transport}.${order.what}`;
  log(`${id}: ${Math.round(median(perCore))}/s per core, ${Math.round(median(byClock))}/s by the clock`);
  const target = order.what === 'points' ? null : order.transport === 'http' ? TARGET_HTTP : TARGET_GRPC;
  const value = median(perCore);
  const spread = `rounds from ${Math.round(Math.min(...perCore))} to ${Math.round(Math.max(...perCore))}`;
  return [
    {
      id: `${id}.core`,
      what: `${name}: ${what}, per core`,
      value,
      unit: '1/s',
      target,
      pass: target === null ? null : value >= target,
      note: spread,
    },
    info(`${id}.clock`, 'the same by the clock, sender on the same machine', median(byClock), '1/s'),
  ];
}

async function memory(
  server: ChildProcess,
  sender: ChildProcess,
  port: number,
  { quick, log }: BenchOptions,
): Promise<BenchRow> {
  const seconds = quick ? 15 : MEMORY_SECONDS;
  log(`memory over ${seconds} s`);
  const samples: number[] = [];
  let over = false;
  const sending = ask(sender, { what: 'spans', transport: 'http', port, seconds, pace: PACE }).then(() => {
    over = true;
  });
  while (!over) {
    samples.push((await ask<ServerStats>(server, 'stats')).rssBytes);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await sending;
  const fifth = Math.floor(samples.length / 5);
  const [early, late] = [median(samples.slice(fifth, 2 * fifth)), median(samples.slice(-fifth))];
  const growth = late / early - 1;
  return {
    id: 'memory.growth',
    what: `growth of resident memory over ${seconds} s at ${PACE * 512} spans/s`,
    value: growth * 100,
    unit: '%',
    target: FLAT * 100,
    pass: growth <= FLAT,
    note: `${Math.round(early / 1_048_576)} MiB in the second fifth of the time, ${Math.round(late / 1_048_576)} MiB in the last`,
  };
}

async function start(name: 'server' | 'sender'): Promise<{ child: ChildProcess; first: unknown }> {
  const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return { child, first: await answer(child) };
}

function ask<T = number>(child: ChildProcess, message: SendOrder | 'stats'): Promise<T> {
  const reply = answer(child);
  child.send(message);
  return reply as Promise<T>;
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a process of the benchmark ended (${code})`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function info(id: string, what: string, value: number, unit: string, note?: string): BenchRow {
  return { id, what, value, unit, target: null, pass: null, ...(note === undefined ? {} : { note }) };
}
