/** Installed as users install it: packed, into an empty project with a fresh home, and run by its name. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf } from '../src/cli/leftovers.ts';
import { type CliResult, run } from './support/cli.ts';
import { ensureBuilt, ROOT } from './support/paths.ts';
import { freePort, pause } from './support/system.ts';

let directory: string;
let project: string;
let installed: string;
let files: readonly string[];
let packedBytes: number;

/** A home that nobody has used, and npm's own cache so that nothing is fetched twice. */
const npm = async (args: readonly string[], cwd: string): Promise<CliResult> => {
  const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim();
  return run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--cache', cache], {
    cwd,
    env: { HOME: join(directory, 'home') },
    timeoutMs: 170_000,
  });
};
const npx = (args: readonly string[], timeoutMs: number): Promise<CliResult> =>
  run('npx', ['--no-install', 'holdfast', ...args], {
    cwd: project,
    env: { HOME: join(directory, 'home') },
    timeoutMs,
  });

beforeAll(async () => {
  ensureBuilt();
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'hf-install-')));
  project = join(directory, 'project');
  for (const path of [project, join(directory, 'home')]) mkdirSync(path);
  const packed = await run('npm', ['pack', '--json', '--pack-destination', directory], { cwd: ROOT });
  expect(packed.code, packed.stderr).toBe(0);
  const [facts] = JSON.parse(packed.stdout) as [{ filename: string; size: number; files: { path: string }[] }];
  files = facts.files.map(({ path }) => path);
  packedBytes = facts.size;
  writeFileSync(join(project, 'package.json'), '{"name": "empty", "private": true}\n');
  let install = await npm(['install', join(directory, facts.filename)], project);
  // The registry may have a bad minute.
  for (const waitMs of [5_000, 20_000]) {
    if (install.code === 0) break;
    await pause(waitMs);
    install = await npm(['install', join(directory, facts.filename)], project);
  }
  expect(install.code, install.stderr).toBe(0);
  installed = join(project, 'node_modules/holdfast');
}, 600_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function sizeOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

describe('the installed package', () => {
  it('holds the program, the built dashboard and the examples, and little else', () => {
    const lock = JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    const dependencies = Object.keys(lock.packages).length - 1;
    const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(2);
    process.stdout.write(
      `package: ${files.length} files, ${megabytes(packedBytes)} MB packed, ${megabytes(sizeOf(installed))} MB installed, ` +
        `${dependencies} packages with its dependencies, ${megabytes(sizeOf(join(project, 'node_modules')))} MB in all\n`,
    );
    expect(files).toEqual(expect.arrayContaining(['dist/src/cli/main.js', 'dist/dashboard/index.html']));
    expect(files).toEqual(
      expect.arrayContaining(['dist/examples/shop/compose.yaml', 'dist/examples/shop/gateway.js', 'LICENSE']),
    );
    expect(files.filter((path) => /\.test\.|(^|\/)(test|sim|bench|coverage)\/|\.map$|golden/.test(path))).toEqual([]);
    expect(packedBytes).toBeLessThan(2 * 1024 * 1024);
    expect(dependencies).toBeLessThan(80);
  });

  it('runs the sample system: breaks it, heals it, leaves nothing', async () => {
    const dev = await npx(
      ['dev', '--break-after', '2s', '--fault', 'kill', '--target', 'catalog-1', '--once', '--json'],
      150_000,
    );
    expect(dev.code, `${dev.stderr}\n${dev.stdout}`).toBe(0);
    expect(JSON.parse(dev.stdout)).toMatchObject({ verdict: 'match', leftBehind: [] });
  });

  it('brings up a spec of five lines, and down again', async () => {
    const port = await freePort();
    const hello = readFileSync(join(installed, 'dist/examples/hello/compose.yaml'), 'utf8').replace(
      '8087',
      String(port),
    );
    writeFileSync(join(project, 'compose.yaml'), hello);
    const up = await npx(['up', '-f', 'compose.yaml'], 60_000);
    expect(up.code, up.stderr).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello\n');
    const page = await fetch(`${/dashboard {2}(\S+)/.exec(up.stderr)?.[1]}/`);
    expect([page.status, (await page.text()).includes('<html')]).toEqual([200, true]);
    const status = await npx(['status', '--check'], 20_000);
    expect([status.code, status.stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^● /)]);
    const down = await npx(['down', '--yes'], 60_000);
    expect(down.code, down.stderr).toBe(0);
    expect(processesOf(join(project, '.holdfast'))).toEqual([]);
  });
});
