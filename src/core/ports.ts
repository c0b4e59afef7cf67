/**
 * Which ports instances and edge listeners get. Walks round the range and comes back to a freed port as late as
 * possible, so that a client with an old address does not reach a stranger.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Context } from './context.ts';

export function takePort(ctx: Context): number {
  const [low, high] = ctx.options.portRange;
  const used = usedPorts(ctx);
  for (let tries = high - low; tries > 0; tries--) {
    const port = ctx.state.nextPort;
    ctx.state.nextPort = port + 1 >= high ? low : port + 1;
    if (!used.has(port)) return port;
  }
  throw new HoldfastError('HF3006', `all ports from ${low} to ${high - 1} are in use`);
}

function usedPorts(ctx: Context): Set<number> {
  const used = new Set<number>();
  for (const slot of ctx.state.slots.values()) for (const port of Object.values(slot.ports)) used.add(port);
  for (const listener of ctx.state.listeners.values()) used.add(listener.port);
  return used;
}
