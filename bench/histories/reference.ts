/**
 * The reference checker (Porcupine, in Go) on the same histories: our own small driver around its published module,
 * built when `go` is there and the module can be had: from the module cache, a module proxy, or a checkout named by
 * HOLDFAST_PORCUPINE. Otherwise the reason is a row's note, and nothing is made up.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DRIVER } from './driver.ts';

export interface Reference {
  readonly histories: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly parseMs: number;
    readonly checkMs: number;
  }[];
  readonly peakBytes: number;
}

const MODULE = 'github.com/anishathalye/porcupine';
const run = promisify(execFile);
const FETCH_WITHIN_MS = 60_000;
const JUDGE_WITHIN_MS = 600_000;

/** The reference's times, best of `rounds`, or why there are none. */
export async function reference(folder: string, rounds: number): Promise<Reference[] | string> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-histories-'));
  try {
    const missing = await build(dir);
    if (missing !== null) return missing;
    const results: Reference[] = [];
    for (let n = 0; n < rounds; n++) {
      const options = { timeout: JUDGE_WITHIN_MS, maxBuffer: 2 ** 26 };
      const { stdout } = await run(join(dir, 'driver'), [folder], options);
      results.push(JSON.parse(stdout) as Reference);
    }
    return results;
  } catch (error) {
    return `the reference checker failed: ${firstLine(error)}`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function build(dir: string): Promise<string | null> {
  const go = (...args: string[]): Promise<unknown> => run('go', args, { cwd: dir, timeout: FETCH_WITHIN_MS });
  try {
    await go('version');
  } catch {
    return 'go is not installed (Debian: golang-go), so there is no reference to compare with';
  }
  writeFileSync(join(dir, 'main.go'), DRIVER);
  try {
    await go('mod', 'init', 'driver');
    const checkout = process.env.HOLDFAST_PORCUPINE;
    if (checkout) {
      await go('mod', 'edit', `-require=${MODULE}@v0.0.0`, `-replace=${MODULE}=${resolve(checkout)}`);
    } else await go('get', `${MODULE}@latest`);
    await go('build', '-mod=mod', '-o', 'driver', '.');
    return null;
  } catch (error) {
    return `the reference checker's Go module could not be fetched or built: ${firstLine(error)}`;
  }
}

/** The cause, without the names of hosts that a resolver adds. */
function firstLine(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || (error as Error).message;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('go: downloading'));
  return (lines[0] ?? 'no reason given').replace(/"https?:[^"]*".*$/, 'no answer from the module proxy').slice(0, 160);
}
