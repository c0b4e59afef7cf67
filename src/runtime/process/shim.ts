/**
 * The shim: a few lines of POSIX sh between Holdfast and each service, so that a service's exit status outlives
 * Holdfast. A Node process would do the same for 40 MB each; sh does it for one.
 *
 * The script is on the command line, not in a file: nothing can change it under a running shell. It
 * - traps the usual signals, so that only the service gets them. A trap with a command is reset for children, an
 *   ignored signal would be inherited;
 * - runs the service in the foreground: in the background sh would have it ignore SIGINT and SIGQUIT;
 * - claims the life before it becomes the service, by creating the pid file exclusively. Whoever creates it first
 *   wins: a starting Holdfast that finds a record without a process creates it too, and a late shim then gives up;
 * - writes the line of /proc/self/stat into the pid file, so pid and start time are told by the process itself;
 * - writes the status into a file that was filled with blanks beforehand: a full disk cannot swallow it. The shell's
 *   own remark ("Killed") goes to the same file, and tells a signal from an exit code above 128;
 * - kills what is left of the process group before it reports the end.
 */

/**
 * $1 exit file, $2 pid file, $3 open files or -, $4 cgroup directory or -, then what is to be executed. Variables that
 * cannot pass through a shell come as HOLDFAST_ODD_0 … and are put back by env: on the command line from the start
 * they would be seen by everybody. The script's own variables have names that no service's environment has.
 */
export const SHIM_SCRIPT = `trap : HUP INT QUIT TERM PIPE ALRM USR1 USR2
exec 3>&2 2<>"$1"
(
{ read -r hf__s </proc/self/stat; } 2>/dev/null || hf__s=$(exec /bin/sh -c 'echo $PPID')
set -C
{ echo "$hf__s" >"$2"; } 2>/dev/null || exit 125
set +C
[ "$3" = - ] || ulimit -n "$3" || exit 125
[ "$4" = - ] || echo 0 >"$4/cgroup.procs" || exit 125
shift 4
hf__n=0
while eval "hf__v=\\\${HOLDFAST_ODD_$hf__n-}"; [ -n "$hf__v" ]; do
set -- "$hf__v" "$@"
unset "HOLDFAST_ODD_$hf__n"
hf__n=$((hf__n+1))
done
[ "$hf__n" = 0 ] || set -- /usr/bin/env "$@"
unset PWD OLDPWD SHLVL _
exec "$@"
) 2>&3 3>&-
hf__s=$?
{
read -r hf__p hf__r <"$2"; kill -s KILL -- "-$hf__p"
[ "$4" = - ] || echo 1 >"$4/cgroup.kill"
read -r hf__u hf__r </proc/uptime
} 2>/dev/null
echo "$hf__s \${hf__u:--} ." >&2
exit "$hf__s"`;

/** What an exit file is filled with; bash's remark repeats the script, so there must be room. */
export const BLANK_EXIT: string = `${' '.repeat(2_046)}\n`;

/** Status when the shim could not become the service: the claim was lost, or a limit could not be set. */
export const SHIM_GAVE_UP = 125;

export interface ExitFile {
  readonly status: number;
  /** The shell remarked on a signal. */
  readonly remarked: boolean;
  /** Seconds since boot, or null where the platform does not tell. */
  readonly uptimeSec: number | null;
}

/** Undefined until the last line is complete. */
export function parseExitFile(text: string): ExitFile | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const at = lines.findLastIndex((line) => /^\d+ \S+ \.$/.test(line));
  const [status, uptime] = lines[at]?.split(' ') ?? [];
  if (status === undefined) return undefined;
  return {
    status: Number(status),
    remarked: at > 0,
    uptimeSec: uptime === '-' ? null : Number(uptime),
  };
}

/** Which of the shells that may be /bin/sh say nothing of these signals. */
const UNREMARKED = new Set([2, 13, 15]);

/** The number of the signal that ended the process, or null when it exited by itself. */
export function signalOf(exit: ExitFile): number | null {
  const signal = exit.status - 128;
  if (signal < 1 || signal > 64) return null;
  return exit.remarked || UNREMARKED.has(signal) ? signal : null;
}
