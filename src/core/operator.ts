/** Operators' commands. Each gets exactly one reply, and each leaves a trace in the changes or the events. */
import { brings } from '../model/change.ts';
import type { OperatorCommand } from '../model/operator.ts';
import { formatDuration } from '../model/time.ts';
import { approve, override, reject } from './actions.ts';
import type { Context } from './context.ts';
import { restartService, rollBack, scale, takeDown } from './desired.ts';
import { revertAll } from './faults.ts';
import { prove } from './proof.ts';
import { requeue, retire } from './slots.ts';
import type { ServiceState } from './state.ts';

export function operate(ctx: Context, command: OperatorCommand, who: string, why: string): void {
  switch (command.kind) {
    case 'restart':
      restart(ctx, command.service, command.instance, who, why);
      return;
    case 'scale':
      withService(ctx, command.service, (service) => {
        scale(ctx, service, command.replicas, who, why);
        ctx.ok(`${service.name} goes to ${command.replicas} instances`);
      });
      return;
    case 'rollback':
      withService(ctx, command.service, ({ name }) => undo(ctx, name, command.change, who, why));
      return;
    case 'silence': {
      const silence = { id: ctx.nextId('sil'), service: command.service, until: ctx.now + command.forMs, who, why };
      ctx.state.silences.push(silence);
      ctx.event(
        'operator',
        'info',
        `${command.service ?? 'everything'} silenced for ${formatDuration(command.forMs)} by ${who}: ${why}`,
      );
      ctx.ok(`silenced for ${formatDuration(command.forMs)}`, silence.id);
      return;
    }
    case 'unsilence': {
      const at = ctx.state.silences.findIndex((silence) => silence.id === command.silence);
      if (at < 0) {
        ctx.refuse('HF6005', `no silence ${command.silence}`);
        return;
      }
      ctx.state.silences.splice(at, 1);
      ctx.event('operator', 'info', `silence ${command.silence} ended by ${who}`);
      ctx.ok('silence ended', command.silence);
      return;
    }
    case 'mode':
      ctx.state.mode = command.mode;
      ctx.event('operator', 'warn', `recovery mode is ${command.mode} (${who}: ${why})`);
      ctx.ok(`recovery mode is ${command.mode}`);
      return;
    case 'approve':
      approve(ctx, command.action, who);
      return;
    case 'reject':
      reject(ctx, command.action, who, why);
      return;
    case 'override':
      override(ctx, command.action, command.rail, who, why);
      return;
    case 'prove':
      prove(ctx, command.incident, who, why);
      return;
    case 'stop-all':
      ctx.state.stopped = true;
      revertAll(ctx);
      ctx.event('operator', 'warn', `automation stopped by ${who}: ${why}`);
      ctx.ok('automation is stopped; instances go on');
      return;
    case 'resume':
      ctx.state.stopped = false;
      ctx.event('operator', 'info', `automation resumed by ${who}: ${why}`);
      ctx.ok('automation is on');
      return;
    case 'down':
      down(ctx, command.service, who, why);
      return;
  }
}

function withService(ctx: Context, name: string, act: (service: ServiceState) => void): void {
  const service = ctx.service(name);
  if (service) act(service);
  else ctx.refuse('HF6008', `no service ${name}`);
}

function restart(ctx: Context, name: string, instance: string | null, who: string, why: string): void {
  withService(ctx, name, (service) => {
    if (instance === null) {
      const change = restartService(ctx, service, who, why);
      ctx.ok(
        `restarting ${service.replicas} instances of ${name}, ${service.spec.update.parallelism} at a time`,
        change,
      );
      return;
    }
    const slot = ctx.state.slots.get(instance);
    if (!slot || slot.service !== name) {
      ctx.refuse('HF3007', `${name} has no instance ${instance}`);
      return;
    }
    if (slot.phase === 'exited') requeue(ctx, slot, ctx.now);
    else if (slot.phase === 'pending') slot.startAfter = ctx.now;
    else retire(ctx, slot, true, service.spec.stop.drainMs, `restarted by ${who}`);
    ctx.detection.acted(name);
    ctx.event('operator', 'info', `${instance} restarted by ${who}: ${why}`, { service: name, instance });
    ctx.ok(`restarting ${instance}`);
  });
}

/** Without a named change the last one; but an undo is undone only when it is named. */
function undo(ctx: Context, service: string, named: string | null, who: string, why: string): void {
  const last = ctx.state.changes.findLast((change) => change.services.includes(service) && brings(change, service));
  if (named === null && last?.kind === 'rollback') {
    const lost = last.content.filter((line) => line.startsWith(`undo ${service}:`)).map((line) => line.slice(5));
    const back = lost.length === 0 ? '' : ` and bring back ${lost.join('; ')}`;
    ctx.refuse('HF5008', `the last change of ${service} is an undo: ${last.id} would be undone${back}`);
    return;
  }
  const change = named ?? last?.id ?? null;
  const done = change === null ? null : rollBack(ctx, change, who, why);
  if (done !== null) ctx.ok(done, change);
  else if (named === null) ctx.refuse('HF5005', `${service} has no earlier revision to go back to`);
  else ctx.refuse('HF5005', `${named} is not what ${service} runs: undone, replaced, or nothing that can be undone`);
}

function down(ctx: Context, name: string | null, who: string, why: string): void {
  if (name === null) {
    takeDown(ctx, [...ctx.state.services.values()], who, why);
    ctx.ok('stopping everything, dependants first');
    return;
  }
  withService(ctx, name, (service) => {
    takeDown(ctx, [service], who, why);
    ctx.ok(`stopping ${name}`);
  });
}
