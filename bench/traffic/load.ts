/** Loads of bounded size: wrk for throughput, and a client of our own for the latency of single messages over TCP. */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';

export interface Throughput {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
}

/** wrk with one thread; throws when it saw an error, since then its figures mean nothing. */
export async function wrk(port: number, connections: number, seconds: number): Promise<Throughput> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `http://127.0.0.1:${port}/`];
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const quantile = (q: string): number => {
    const [, value, unit] = new RegExp(`${q}%\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
    return Number(value) * ({ us: 1, ms: 1e3, s: 1e6 }[unit ?? ''] ?? Number.NaN);
  };
  const failed = /Socket errors|Non-2xx/.exec(output);
  if (failed || !(perSecond > 0)) throw new Error(`wrk against port ${port} failed:\n${output}`);
  return { perSecond, p50Us: quantile('50'), p99Us: quantile('99') };
}

const MESSAGE = Buffer.alloc(64, 'x');

/** Single 64-byte messages on a few connections, each sent when the one before was answered and a pause has passed. */
export async function echoLatency(port: number, connections: number, seconds: number): Promise<Latency> {
  const samples: number[] = [];
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const until = performance.now() + seconds * 1_000;
  await Promise.all(sockets.map((socket) => ask(socket, until, samples)));
  for (const socket of sockets) socket.destroy();
  samples.sort((a, b) => a - b);
  const at = (q: number): number => (samples[Math.floor(q * (samples.length - 1))] ?? Number.NaN) * 1_000;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function ask(socket: Socket, until: number, samples: number[]): Promise<void> {
  return new Promise((resolve) => {
    let sentAt = 0;
    let received = 0;
    const send = (): void => {
      sentAt = performance.now();
      received = 0;
      socket.write(MESSAGE);
    };
    socket.on('data', (data) => {
      received += data.length;
      if (received < MESSAGE.length) return;
      const now = performance.now();
      samples.push(now - sentAt);
      if (now >= until) resolve();
      else setTimeout(send, 1);
    });
    send();
  });
}
