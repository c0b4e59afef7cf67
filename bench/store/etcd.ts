/** The peer: one etcd on the same disk, spoken to through its JSON gateway with keep-alive connections. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { BenchOptions, BenchRow } from '../contract.ts';
import { inParallel, perSecond } from './measure.ts';

const CONCURRENCY = 16;
const READY_WITHIN_MS = 10_000;

export async function etcdRows(dir: string, { quick, log }: BenchOptions): Promise<BenchRow[]> {
  if (spawnSync('etcd', ['--version']).status !== 0) {
    log('etcd is not installed (Debian: etcd-server); its rows are left out');
    return [];
  }
  log('etcd, one node');
  const [client, peer] = [await freePort(), await freePort()];
  const server = startEtcd(join(dir, 'etcd'), client, peer);
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  try {
    const put = (n: number): Promise<void> => call(agent, client, '/v3/kv/put', putBody(n));
    await ready(() => put(0));
    const rounds = quick ? 300 : 2_000;
    const single = await perSecond(rounds, put);
    const many = await inParallel(CONCURRENCY, rounds * 4, put);
    const note = 'another process, HTTP/JSON gateway; same disk, fsync before answering';
    return [
      {
        id: 'etcd.put.single',
        what: 'etcd: durable puts, one client',
        value: single,
        unit: '1/s',
        target: null,
        pass: null,
        note,
      },
      {
        id: 'etcd.put.concurrent',
        what: `the same, ${CONCURRENCY} clients`,
        value: many,
        unit: '1/s',
        target: null,
        pass: null,
        note,
      },
    ];
  } finally {
    agent.destroy();
    server.kill('SIGKILL');
    await new Promise((resolve) =>
      (server.exitCode ?? server.signalCode) ? resolve(0) : server.once('close', resolve),
    );
  }
}

function startEtcd(dataDir: string, client: number, peer: number): ChildProcess {
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const args = ['--name', 'bench', '--data-dir', dataDir, '--listen-client-urls', clientUrl];
  args.push('--advertise-client-urls', clientUrl, '--listen-peer-urls', peerUrl);
  args.push('--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `bench=${peerUrl}`);
  return spawn('etcd', args, { stdio: 'ignore' });
}

function putBody(n: number): string {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  return JSON.stringify({ key: encode(`/bench/${n % 1_000}`), value: encode('v'.repeat(300)) });
}

async function ready(attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function call(agent: Agent, port: number, path: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`etcd answered ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
