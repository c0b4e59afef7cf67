/** A connection of our own to a member, to see whether it accepts any. Network faults hold for it as for the others. */
import { connect, Socket } from 'node:net';
import type { Ms } from '../model/time.ts';
import type { PoolFaults } from './faults/board.ts';
import { Line } from './faults/line.ts';
import type { Member } from './member.ts';

/** null when it does, else the error. */
export function probeConnect(
  member: Member,
  timeoutMs: Ms,
  faults: PoolFaults | null,
  done: (error: string | null) => void,
): void {
  const finish = (error: string | null): void => {
    clearTimeout(timer);
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.destroy();
    done(error);
  };
  const timer = setTimeout(() => finish('timed out'), timeoutMs);
  const line = faultyLine(member, faults);
  const opening = line?.opening() ?? 'go';
  const delayMs = line?.handshakeMs() ?? 0;
  line?.drop();
  const { host, port } = member;
  const socket = opening === 'go' ? connect({ host, port }) : new Socket();
  if (opening === 'refuse') setImmediate(finish, 'ECONNREFUSED');
  if (opening === 'accept') setImmediate(finish, null);
  socket.once('connect', () => {
    if (delayMs === 0) finish(null);
    else if (delayMs < timeoutMs) setTimeout(finish, delayMs, null);
  });
  socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
}

/** Faults for everybody's calls are met by the traffic layer's own as well; those on one caller's way are not. */
function faultyLine(member: Member, faults: PoolFaults | null): Line | null {
  const here = faults?.of({ caller: null, instance: member.instance }) ?? [];
  if (here.length === 0) return null;
  const line = new Line({
    lineData: () => true,
    lineEnd: () => undefined,
    lineOver: () => undefined,
    lineRoom: () => undefined,
  });
  line.set(here);
  return line;
}
