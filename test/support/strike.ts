/** What is done to a server by hand, from outside: signals to it and its children, and a port that nothing reaches. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A server and its children, which PostgreSQL puts into sessions of their own. */
export function tree(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(pid);
      } catch {
        return false;
      }
    });
  return [pid, ...children.map(Number)];
}

/** Those that are gone already are none of its business. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Nothing reaches the port any more, and nothing leaves it: clients, standbys and checks alike. Undone by the answer. */
export function cutOff(port: number): () => void {
  const rules = [
    ['INPUT', '-i', 'lo', '-p', 'tcp', '--dport', String(port), '-j', 'DROP'],
    ['INPUT', '-i', 'lo', '-p', 'tcp', '--sport', String(port), '-j', 'DROP'],
  ];
  for (const rule of rules) iptables('-I', rule);
  let healed = false;
  return () => {
    if (healed) return;
    healed = true;
    for (const rule of rules) iptables('-D', rule);
  };
}

function iptables(what: '-I' | '-D', rule: readonly string[]): void {
  const done = spawnSync('iptables', [what, ...rule], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`iptables ${what}: ${done.stderr ?? done.error?.message}`);
}
