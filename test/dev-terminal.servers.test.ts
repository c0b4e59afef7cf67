/** `holdfast dev` on a terminal: its screen, its keys, and what happens when the terminal goes away. */
import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureDebian } from './support/debian.ts';
import { DevSessions, until } from './support/dev-session.ts';
import { CLI, ensureBuilt } from './support/paths.ts';

const sessions = new DevSessions();

beforeAll(() => {
  ensureBuilt();
  ensureDebian(['tmux']);
});
afterAll(() => sessions.remove());

describe('holdfast dev on a terminal', () => {
  const socket = `hf-test-${process.pid}`;
  const tmux = (...args: string[]): string => spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' }).stdout;
  const seen = (): string => tmux('capture-pane', '-p', '-t', 'dev');
  const open = (): void => {
    const command = `env -u NO_COLOR TMPDIR=${sessions.directory} ${process.execPath} ${CLI} dev`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'dev', '-x', '130', '-y', '50', command);
  };
  afterEach(async () => {
    tmux('kill-server');
    await until('the end of the session', 60_000, () => sessions.leftBehind().length === 0);
  });

  it('begins with the state, breaks something at b, and ends at q', async () => {
    open();
    await until('a healthy system', 60_000, () => /^● All \d+ services are healthy/m.test(seen()));
    expect(seen().split('\n')[0]).toMatch(/^● All \d+ services/);
    expect(seen()).toMatch(/b break something .*d dashboard http:.*q quit/);
    await until('traffic', 40_000, () => /payments\s+3\/3\s+\d/.test(seen()));
    tmux('send-keys', '-t', 'dev', 'b');
    await until('the injection', 30_000, () => /injected {2}\S/.test(seen()));
    await until('a verdict', 100_000, () => /verdict {3}[✓✗]/.test(seen()));
    expect(seen()).toMatch(/detected \d\S* → explained \d\S* → repaired \d/);
    tmux('send-keys', '-t', 'dev', 'q');
    await until('the end', 60_000, () => sessions.leftBehind().length === 0);
  });

  it('cleans up when the terminal is closed', async () => {
    open();
    await until('a screen', 30_000, () => /SERVICE\s+READY/.test(seen()));
    tmux('kill-server');
    await until('the end', 60_000, () => sessions.leftBehind().length === 0);
  });
});
