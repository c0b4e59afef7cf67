/** Makes a directory's entries durable: a file's own fsync does not, and a crash could lose its name. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

export function syncDir(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
