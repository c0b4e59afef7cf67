/** Brings each slot's ready and live flags in line with what the detectors make of its checks. */

import { formatDuration } from '../model/time.ts';
import type { Context } from './context.ts';

export function refreshReadiness(ctx: Context): void {
  for (const slot of ctx.state.slots.values()) {
    if (slot.phase !== 'starting' && slot.phase !== 'running') continue;
    const { live, ready } = ctx.detection.liveness(slot.id);
    slot.live = live;
    if (slot.ready === ready) continue;
    slot.ready = ready;
    ctx.dirty = true;
    const refs = { service: slot.service, instance: slot.id };
    if (!ready) {
      ctx.event('instance', 'warn', `${slot.id} is not ready`, refs);
      continue;
    }
    if (!slot.ejected) slot.out = null;
    if (slot.phase === 'starting') {
      slot.phase = 'running';
      slot.readyAt = ctx.now;
      const service = ctx.service(slot.service);
      if (service) service.everReady = true;
      ctx.event(
        'instance',
        'info',
        `${slot.id} is ready after ${formatDuration(ctx.now - (slot.startedAt ?? ctx.now))}`,
        refs,
      );
    } else {
      ctx.event('instance', 'info', `${slot.id} is ready again`, refs);
    }
  }
}
