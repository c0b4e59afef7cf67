/** From slots to the route table. A new version is sent only when something in it differs. */
import { DEFAULT_POOL_POLICY, type Listener, type Pool, type PoolMember, type RouteTable } from '../model/routes.ts';
import { OUTSIDE } from '../model/signal.ts';
import type { PortSpec } from '../model/spec.ts';
import type { Context } from './context.ts';
import { isConfirmed } from './failover.ts';
import { INSTANCE_HOST } from './launch.ts';
import { takePort } from './ports.ts';
import type { ServiceState, Slot } from './state.ts';

export function listenerId(caller: string, callee: string, port: string): string {
  return `${caller}→${callee}:${port}`;
}

const poolId = (service: string, port: string): string => `${service}:${port}`;

/** Makes the set of listeners fit the declared services; addresses of those that stay do not move. */
export function syncListeners(ctx: Context): void {
  const wanted = new Set<string>();
  const want = (caller: string, service: ServiceState, port: PortSpec, host: string, fixed: number | null): void => {
    const id = listenerId(caller, service.name, port.name);
    wanted.add(id);
    const known = ctx.state.listeners.get(id);
    if (known && (fixed === null || (known.port === fixed && known.host === host))) return;
    const since = (ctx.state.routes?.version ?? 0) + 1;
    const pool = poolId(service.name, port.name);
    ctx.state.listeners.set(id, { id, caller, pool, host, port: fixed ?? takePort(ctx), since, failed: null });
  };
  for (const service of ctx.state.services.values()) {
    for (const port of service.spec.ports) {
      if (port.published) want(OUTSIDE, service, port, port.published.host, port.published.port);
    }
    for (const dependency of service.spec.dependsOn) {
      const callee = ctx.service(dependency.service);
      for (const port of callee?.spec.ports ?? [])
        want(service.name, callee as ServiceState, port, INSTANCE_HOST, null);
    }
  }
  for (const id of ctx.state.listeners.keys()) if (!wanted.has(id)) ctx.state.listeners.delete(id);
}

/** Sends a new route table when what it says has changed. */
export function syncRoutes(ctx: Context): void {
  if (ctx.state.spec === null) return;
  const last = ctx.state.routes;
  const table = buildTable(ctx, (last?.version ?? 0) + 1);
  if (last && sameRoutes(last, table)) return;
  ctx.state.routes = table;
  ctx.command({ kind: 'routes', table });
}

function sameRoutes(a: RouteTable, b: RouteTable): boolean {
  return JSON.stringify([a.system, a.listeners, a.pools]) === JSON.stringify([b.system, b.listeners, b.pools]);
}

function buildTable(ctx: Context, version: number): RouteTable {
  const listeners: Listener[] = [];
  for (const { id, host, port, caller, pool } of ctx.state.listeners.values()) {
    listeners.push({ id, host, port, caller, pool });
  }
  const members = membersByService(ctx);
  const pools: Pool[] = [];
  for (const service of ctx.state.services.values()) {
    const lead = service.spec.failover && ctx.state.failovers.get(service.name);
    for (const port of service.spec.ports) {
      pools.push({
        id: poolId(service.name, port.name),
        service: service.name,
        protocol: port.protocol,
        members: (members.get(service.name) ?? []).flatMap((slot) => memberOf(ctx, slot, port)),
        token: lead?.token ?? null,
        ...questionOf(service.spec, port),
        policy: { ...DEFAULT_POOL_POLICY, drainMs: service.spec.stop.drainMs, ...(lead ? FAILOVER_POLICY : {}) },
        ...(service.spec.experiments === 'allow' ? { experiments: true } : {}),
      });
    }
  }
  return { version, system: ctx.state.spec?.name ?? '', listeners, pools };
}

/** Headers of a check may be secrets, and this table lies on a disk: such a check is not repeated. */
function questionOf({ healthcheck, readiness }: ServiceState['spec'], port: PortSpec): Pick<Pool, 'ask'> {
  for (const probe of [healthcheck?.probe, readiness?.probe]) {
    if (probe?.kind !== 'http' || probe.port !== port.name || Object.keys(probe.headers).length > 0) continue;
    return { ask: { path: probe.path, expectStatus: probe.expectStatus } };
  }
  return {};
}

function membersByService(ctx: Context): Map<string, Slot[]> {
  const byService = new Map<string, Slot[]>();
  for (const slot of ctx.state.slots.values()) {
    if (slot.phase === 'pending' || slot.phase === 'exited') continue;
    const list = byService.get(slot.service);
    if (list) list.push(slot);
    else byService.set(slot.service, [slot]);
  }
  return byService;
}

/** New connections wait for the next primary rather than fail: longer than a promotion usually takes. */
const FAILOVER_POLICY = { queueTimeoutMs: 5_000 };

function memberOf(ctx: Context, slot: Slot, port: PortSpec): PoolMember[] {
  const own = slot.ports[port.name];
  if (own === undefined) return [];
  const lead = ctx.service(slot.service)?.spec.failover && ctx.state.failovers.get(slot.service);
  const leads = !lead || (lead.holder === slot.id && isConfirmed(ctx, lead));
  const serving = slot.phase === 'running' && slot.ready && !slot.ejected && leads;
  const fenced = lead && lead.holder !== slot.id;
  const state = fenced ? 'fenced' : slot.phase === 'stopping' ? 'drain' : serving ? 'serve' : 'hold';
  return [{ instance: slot.id, incarnation: slot.incarnation, host: INSTANCE_HOST, port: own, state }];
}
