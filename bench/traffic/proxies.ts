/**
 * What is measured: no proxy, HAProxy, nginx and Holdfast, each with one worker, all in front of the same upstream
 * server (nginx, which answers small requests several times faster than any of them passes them on).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtEntry } from '../../src/model/entry.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import { DEFAULT_POOL_POLICY, type Pool, type RouteTable } from '../../src/model/routes.ts';
import { OUTSIDE } from '../../src/model/signal.ts';

/** Program or file → the Debian package that has it. */
const NEEDED: readonly (readonly [path: string, debianPackage: string])[] = [
  ['haproxy', 'haproxy'],
  ['nginx', 'nginx'],
  ['wrk', 'wrk'],
  ['/usr/lib/nginx/modules/ngx_stream_module.so', 'libnginx-mod-stream'],
];

export type Name = 'direct' | 'haproxy' | 'nginx' | 'holdfast';
export const NAMES: readonly Name[] = ['direct', 'haproxy', 'nginx', 'holdfast'];

export interface Subject {
  readonly name: Name;
  /** Small HTTP responses through an HTTP proxy. */
  readonly http: number;
  /** The same bytes through a TCP proxy. */
  readonly tcp: number;
  /** An echo server through a TCP proxy. */
  readonly echo: number;
  /** CPU seconds of the proxy so far; null where there is none. */
  cpuSeconds(): number | null;
}

export interface Rig {
  readonly subjects: readonly Subject[];
  stop(): Promise<void>;
}

export function requirePeers(): void {
  const path = (process.env.PATH ?? '').split(':').concat('/usr/sbin');
  const has = (name: string): boolean =>
    name.startsWith('/') ? existsSync(name) : path.some((dir) => existsSync(join(dir, name)));
  const missing = NEEDED.filter(([name]) => !has(name));
  if (missing.length === 0) return;
  const packages = missing.map(([, debianPackage]) => debianPackage).join(' ');
  throw new HoldfastError('HF8003', `needed: ${missing.map(([name]) => name).join(', ')}`, {
    remedy: `apt-get install ${packages}`,
  });
}

export async function startRig(): Promise<Rig> {
  requirePeers();
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const children: ChildProcess[] = [];
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
    children.push(child);
    return child;
  };
  const ports = await freePorts(10);
  const [http, echo, haHttp, haTcp, haEcho, nxHttp, nxTcp, nxEcho, hfHttp, hfTcp] = ports as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [hfEcho] = (await freePorts(1)) as [number];

  writeFileSync(join(dir, 'upstream.conf'), upstreamConf(dir, http));
  writeFileSync(join(dir, 'nginx.conf'), nginxConf(dir, { http, echo, nxHttp, nxTcp, nxEcho }));
  writeFileSync(join(dir, 'haproxy.cfg'), haproxyConf({ http, echo, haHttp, haTcp, haEcho }));
  start('nginx', ['-c', join(dir, 'upstream.conf')]);
  start(process.execPath, [builtEntry(import.meta.url, './echo.js'), String(echo)]);
  const haproxy = start('haproxy', ['-db', '-f', join(dir, 'haproxy.cfg')]);
  const nginx = start('nginx', ['-c', join(dir, 'nginx.conf')]);
  const stateDir = join(dir, 'state');
  const socket = join(dir, 'traffic.sock');
  const entry = builtEntry(import.meta.url, '../../src/traffic/main.js');
  const holdfast = start(process.execPath, [entry, '--state-dir', stateDir, '--socket', socket]);
  await waitFor(() => existsSync(socket), 'the traffic process');
  await sendRoutes(socket, routes({ http, echo, hfHttp, hfTcp, hfEcho }));
  for (const port of [...ports, hfEcho]) await waitFor(() => accepts(port), `port ${port}`);

  const cpu = (child: ChildProcess) => (): number => cpuSecondsOf(child.pid as number);
  return {
    subjects: [
      { name: 'direct', http, tcp: http, echo, cpuSeconds: () => null },
      { name: 'haproxy', http: haHttp, tcp: haTcp, echo: haEcho, cpuSeconds: cpu(haproxy) },
      { name: 'nginx', http: nxHttp, tcp: nxTcp, echo: nxEcho, cpuSeconds: cpu(nginx) },
      { name: 'holdfast', http: hfHttp, tcp: hfTcp, echo: hfEcho, cpuSeconds: cpu(holdfast) },
    ],
    stop: async () => {
      const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of children) child.kill('SIGTERM');
      await Promise.race([Promise.all(gone), new Promise((resolve) => setTimeout(resolve, 3_000))]);
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const common = (dir: string, name: string): string =>
  `daemon off;\nmaster_process off;\nworker_processes 1;\npid ${dir}/${name}.pid;\nerror_log ${dir}/${name}.log warn;\nevents { worker_connections 4096; }\n`;

const httpCommon = (dir: string): string =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join('\n');

function upstreamConf(dir: string, port: number): string {
  return `${common(dir, 'upstream')}
http {
  ${httpCommon(dir)}
  access_log off; keepalive_requests 100000000;
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 200 "hello, world\\n"; } }
}`;
}

type Ports<K extends string> = Readonly<Record<K, number>>;

function nginxConf(dir: string, p: Ports<'http' | 'echo' | 'nxHttp' | 'nxTcp' | 'nxEcho'>): string {
  return `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
${common(dir, 'nginx')}
http {
  ${httpCommon(dir)}
  access_log off; keepalive_requests 100000000;
  upstream web { server 127.0.0.1:${p.http}; keepalive 128; }
  server {
    listen 127.0.0.1:${p.nxHttp} backlog=4096;
    location / {
      proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
stream {
  server { listen 127.0.0.1:${p.nxTcp} backlog=4096; proxy_pass 127.0.0.1:${p.http}; tcp_nodelay on; }
  server { listen 127.0.0.1:${p.nxEcho} backlog=4096; proxy_pass 127.0.0.1:${p.echo}; tcp_nodelay on; }
}`;
}

function haproxyConf(p: Ports<'http' | 'echo' | 'haHttp' | 'haTcp' | 'haEcho'>): string {
  const section = (name: string, mode: string, port: number, server: number, more = ''): string =>
    `listen ${name}\n  mode ${mode}\n${more}  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${server}\n`;
  return `global
  nbthread 1
  maxconn 4096
defaults
  timeout connect 1s
  timeout client 60s
  timeout server 60s
${section('http', 'http', p.haHttp, p.http, '  option forwardfor\n')}${section('tcp', 'tcp', p.haTcp, p.http)}${section('echo', 'tcp', p.haEcho, p.echo)}`;
}

function routes(p: Ports<'http' | 'echo' | 'hfHttp' | 'hfTcp' | 'hfEcho'>): RouteTable {
  const pool = (service: string, protocol: Pool['protocol'], port: number): Pool => ({
    id: `${service}:main`,
    service,
    protocol,
    members: [{ instance: `${service}-1`, incarnation: 1, host: '127.0.0.1', port, state: 'serve' }],
    token: null,
    policy: DEFAULT_POOL_POLICY,
  });
  const listener = (service: string, port: number) => ({
    id: `${OUTSIDE}→${service}:main`,
    host: '127.0.0.1',
    port,
    caller: OUTSIDE,
    pool: `${service}:main`,
  });
  return {
    version: 1,
    system: 'bench',
    listeners: [listener('http', p.hfHttp), listener('tcp', p.hfTcp), listener('echo', p.hfEcho)],
    pools: [pool('http', 'http', p.http), pool('tcp', 'tcp', p.http), pool('echo', 'tcp', p.echo)],
  };
}

function sendRoutes(path: string, table: RouteTable): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (text: string) => {
      if (!text.includes('routes-applied')) return;
      socket.destroy();
      resolve();
    });
    socket.write(`${JSON.stringify({ kind: 'routes', table })}\n`);
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', done(true));
    socket.once('error', done(false));
  });
}

async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 250; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new HoldfastError('HF9000', `${what} did not come up within 5 s`);
}

let ticksPerSecond: number | null = null;

/** User and system time of a process, from /proc. */
function cpuSecondsOf(pid: number): number {
  ticksPerSecond ??= Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
