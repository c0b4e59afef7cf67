/** What the integration tests share: route tables, instances as processes, and a client with a steady rate. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { builtEntry } from '../../model/entry.ts';
import {
  DEFAULT_POOL_POLICY,
  type Pool,
  type PoolMember,
  type PoolPolicy,
  type RouteTable,
} from '../../model/routes.ts';
import { OUTSIDE } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';

export function member(instance: string, port: number, more: Partial<PoolMember> = {}): PoolMember {
  return { instance, incarnation: 1, host: '127.0.0.1', port, state: 'serve', ...more };
}

export interface TableOptions {
  readonly version?: number;
  readonly protocol?: Pool['protocol'];
  readonly policy?: Partial<PoolPolicy>;
  readonly system?: string;
  readonly token?: number | null;
}

/** One published endpoint in front of the given members. */
export function tableOf(port: number, members: readonly PoolMember[], options: TableOptions = {}): RouteTable {
  const { version = 1, protocol = 'http', policy = {}, system = 'test', token = null } = options;
  return {
    version,
    system,
    listeners: [{ id: `${OUTSIDE}→web:main`, host: '127.0.0.1', port, caller: OUTSIDE, pool: 'web:main' }],
    pools: [
      { id: 'web:main', service: 'web', protocol, members, token, policy: { ...DEFAULT_POOL_POLICY, ...policy } },
    ],
  };
}

export interface InstanceProcess {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

/** On a port of the kernel's choice, or on the one that it had in its life before. */
export async function startInstance(name: string, port = 0): Promise<InstanceProcess> {
  const entry = builtEntry(import.meta.url, './instance.js');
  const child = spawn(process.execPath, [entry, String(port), name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const own = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`instance ${name} exited with ${code}`)));
    child.stdout?.once('data', (told: Buffer) => resolve(Number(told)));
  });
  return { name, port: own, child };
}

export interface Outcome {
  readonly at: Ms;
  readonly ms: Ms;
  readonly status: number;
  readonly instance: string;
  readonly error: string | null;
}

export interface Load {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly perSecond: number;
  readonly durationMs: Ms;
  readonly timeoutMs?: Ms;
}

/** Requests at a steady rate over keep-alive connections, whether or not the earlier ones were answered. */
export async function steadyLoad(load: Load): Promise<Outcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const started = performance.now();
  const calls: Promise<Outcome>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - started;
      const due = (Math.min(elapsed, load.durationMs) / 1_000) * load.perSecond;
      while (calls.length < due) calls.push(call(load, agent, started));
      if (elapsed >= load.durationMs) {
        clearInterval(timer);
        resolve();
      }
    }, 2);
  });
  const outcomes = await Promise.all(calls);
  agent.destroy();
  return outcomes;
}

function call({ port, path = '/', method = 'GET', timeoutMs = 2_000 }: Load, agent: Agent, zero: Ms): Promise<Outcome> {
  const at = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, instance: string, error: string | null): void =>
      resolve({ at: at - zero, ms: performance.now() - at, status, instance, error });
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent, timeout: timeoutMs }, (response) => {
      const { statusCode = 0, headers } = response;
      response.resume();
      response.on('error', (error) => done(statusCode, '', error.message));
      response.on('end', () => {
        const error = headers['x-holdfast-error'];
        done(statusCode, String(headers['x-instance'] ?? ''), error === undefined ? null : String(error));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('client timeout')));
    outgoing.on('error', (error) => done(0, '', error.message));
    outgoing.end();
  });
}

export const failedOf = (outcomes: readonly Outcome[]): Outcome[] =>
  outcomes.filter(({ status, error }) => error !== null || status === 0 || status >= 500);
