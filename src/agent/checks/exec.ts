/** A command in the instance's own surroundings that ends with 0. */
import type { ProbeOf } from './probe.ts';

export const execProbe: ProbeOf<'exec'> = (probe, target) => async (signal) => {
  const { code, signal: killedBy, lastLine } = await target.exec(probe.command, signal);
  if (code === 0) return null;
  const how = code === null ? `killed by ${killedBy}` : `exit ${code}`;
  return lastLine === '' ? how : `${how}: ${lastLine}`;
};
