/** Signals by name and number, and sending them to what may be gone already. */
import { constants } from 'node:os';

// Of two names for one number (SIGABRT and SIGIOT) the usual one comes first: reversed, it is the one that stays.
const BY_NUMBER = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

export function signalName(number: number): string {
  return BY_NUMBER.get(number) ?? `signal ${number}`;
}

/** `SIGTERM`, `TERM` or `15`; undefined when there is no such signal. */
export function parseSignal(text: string): NodeJS.Signals | undefined {
  const upper = text.toUpperCase();
  const name = /^\d+$/.test(upper) ? BY_NUMBER.get(Number(upper)) : upper.startsWith('SIG') ? upper : `SIG${upper}`;
  return name !== undefined && name in constants.signals ? (name as NodeJS.Signals) : undefined;
}

/** False when there is nobody to get it. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** To the process group, or to the process alone where it could not be given a group of its own. */
export function sendToGroup(pid: number, signal: NodeJS.Signals): void {
  if (!send(-pid, signal)) send(pid, signal);
}
