/**
 * Tells at once when a shim has written something: one inotify watch for the directory of all lives. Where it cannot
 * be had (the user's watches are used up), the caller's slow look has to do, and that is said.
 */
import { type FSWatcher, watch } from 'node:fs';

export class LivesWatch {
  #watcher: FSWatcher | undefined;

  open(dir: string, changed: (launchId: string) => void, failed: (notice: string) => void): void {
    const fail = (error: unknown): void =>
      failed(
        `files cannot be watched (${String(error)}): exits are noticed within a second instead of milliseconds; raise fs.inotify.max_user_watches`,
      );
    try {
      this.#watcher = watch(dir, { persistent: false }, (_event, name) => {
        const launchId = /^(.+)\.(?:pid|exit)$/.exec(name ?? '')?.[1];
        if (launchId !== undefined) changed(launchId);
      });
      this.#watcher.on('error', fail);
    } catch (error) {
      fail(error);
    }
  }

  close(): void {
    this.#watcher?.close();
  }
}
