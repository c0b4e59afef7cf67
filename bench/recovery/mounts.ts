/** What a container engine mounted and did not take away. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export function unmountBelow(dir: string): void {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${dir}/`));
  // Later mounts lie upon earlier ones.
  for (const point of points.reverse()) execFileSync('umount', ['--lazy', point]);
}
