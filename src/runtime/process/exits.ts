/** How a life ended: from its exit file, from what Holdfast did to it, or from its absence. */
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { InstanceExit } from '../../model/instance.ts';
import type { Ms } from '../../model/time.ts';
import { readSmallFile } from './proc.ts';
import type { LifeRecord } from './record.ts';
import { type ExitFile, parseExitFile, SHIM_GAVE_UP, signalOf } from './shim.ts';
import { signalName } from './signals.ts';

export function readExitFile(path: string): ExitFile | undefined {
  const text = readSmallFile(path);
  return text === undefined ? undefined : parseExitFile(text);
}

/**
 * When it ended, on Holdfast's clock. /proc/uptime goes by 10 ms; of what was seen as it happened, now is better.
 * After a reboot only the file's date is left, which is a wall clock's: kept within what is possible.
 */
export function endedAt(file: ExitFile, path: string, record: LifeRecord, bootId: string, now: Ms): Ms {
  const sameBoot = record.bootId === bootId && file.uptimeSec !== null;
  const agoMs = sameBoot
    ? (uptime() - (file.uptimeSec ?? 0)) * 1_000
    : Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return agoMs < 50 ? now : Math.max(record.startedAt, now - agoMs);
}

export function exitFromFile(
  file: ExitFile,
  verdict: LifeRecord['verdict'],
  oomKills: number,
  at: Ms,
  lastOutput: readonly string[],
): InstanceExit {
  const number = signalOf(file);
  const base = { at, lastOutput, code: number === null ? file.status : null };
  const signal = number === null ? null : signalName(number);
  if (signal === 'SIGKILL' && verdict !== null) return { ...base, signal, ...verdict };
  if (oomKills > 0 && file.status !== 0) {
    return { ...base, signal, reason: 'oom', detail: 'memory limit exceeded (killed by the kernel)' };
  }
  if (signal !== null) return { ...base, signal, reason: 'signal', detail: null };
  return { ...base, signal, reason: 'code', detail: explainStatus(file.status) };
}

function explainStatus(status: number): string | null {
  if (status === 127) return 'the command, or an interpreter it needs, was not found';
  if (status === 126) return 'the command could not be executed';
  if (status === SHIM_GAVE_UP) return 'it may not have been started at all: see its log';
  return null;
}

export function exitWithout(
  reason: 'unknown' | 'spawn-failed' | 'signal',
  detail: string,
  at: Ms,
  lastOutput: readonly string[],
): InstanceExit {
  return { at, reason, code: null, signal: reason === 'signal' ? 'SIGKILL' : null, detail, lastOutput };
}
