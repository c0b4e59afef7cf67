/**
 * A plugin of Nagios in the instance's own surroundings. OK (0) passes and CRITICAL (2) fails. WARNING (1) is not ill
 * yet, and UNKNOWN (3) is the plugin's own trouble: both pass, and are remarked upon. Whatever else it ends with fails,
 * as it does for a command.
 */
import type { ProbeOf } from './probe.ts';

const CRITICAL = 2;
const UNKNOWN = 3;

export const nagiosProbe: ProbeOf<'nagios'> = (probe, target) => async (signal) => {
  const { code, signal: killedBy, lastLine, output = lastLine } = await target.exec(probe.command, signal);
  target.plugin?.({ check: pluginName(probe.command), exitCode: code, stdout: output });
  if (code !== null && code <= UNKNOWN && code !== CRITICAL) return null;
  const said = (output.split('\n')[0] ?? '').split('|')[0]?.trim() ?? '';
  const how = code === CRITICAL ? 'critical' : code === null ? `killed by ${killedBy}` : `exit ${code}`;
  return said === '' ? how : `${how}: ${said}`;
};

/** `check_http` of `/usr/lib/nagios/plugins/check_http -H …`, also when a shell runs it. */
export function pluginName(command: readonly string[]): string {
  const [program = '', flag, script = ''] = command;
  const words = flag === '-c' && program.endsWith('sh') ? script.trim().split(/\s+/) : [program];
  return (words[0] ?? '').split('/').at(-1) ?? '';
}
