/**
 * `npm run sim:mutants`: breaks the code on purpose, one rule at a time, and asks whether a simulated cluster notices.
 * An invariant that no broken code ever violates proves nothing. Each mutant is a copy of the built program with a
 * few characters changed; it is run on the seed that found it last, then on others, until an invariant that it is
 * meant to hurt is violated. The exit code is 1 when one survives, or when its line of code is no longer there.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { simulate } from './world.ts';

interface Mutant {
  readonly what: string;
  /** [file of the built program, what stands there once, what stands there instead]. */
  readonly edits: readonly (readonly [file: string, find: string, put: string])[];
  /** Found in the violation that it must cause. */
  readonly breaks: string;
  /** The seed that showed it last: tried first, so that looking is short. */
  readonly seed: number;
}

const FAILOVER = 'src/core/failover.js';

const MUTANTS: readonly Mutant[] = [
  {
    what: 'a standby that is close behind counts as caught up',
    edits: [[FAILOVER, 'const fresh = signal.caughtUp.filter(', 'const fresh = signal.near.filter(']],
    breaks: 'acknowledged writes',
    seed: 80,
  },
  {
    what: 'a standby that writes no longer wait for stays caught up',
    edits: [[FAILOVER, 'state.caughtUp.filter((id) => names.includes(id))', 'state.caughtUp']],
    breaks: 'acknowledged writes',
    seed: 17,
  },
  {
    what: 'whoever is there is promoted, caught up or not',
    edits: [
      ['src/recover/promote.js', '(mayLack ? standbys[0] : undefined)', 'standbys[0]'],
      ['src/recover/caught-up.js', 'roles.caughtUp.includes(standby.id)', 'true'],
    ],
    breaks: 'acknowledged writes',
    seed: 17,
  },
  {
    what: 'a failover gives no new token',
    edits: [[FAILOVER, 'token: state.token + 1', 'token: state.token']],
    breaks: 'both hold token',
    seed: 5,
  },
  {
    what: 'the disruption budget is not asked',
    edits: [['src/recover/budget.js', 'out.length < max', 'true']],
    breaks: 'budget:',
    seed: 115,
  },
  {
    what: 'a decision that a replay cannot repeat',
    edits: [[FAILOVER, 'ctx.now - last < REPEAT_MS', 'Math.random() < 0.5']],
    breaks: 'decided differently',
    seed: 3,
  },
];

/** After so many seeds a mutant has survived. */
const SEEDS = 150;

interface Noticed {
  readonly seed: number;
  readonly violation: string;
}

const built = dirname(dirname(fileURLToPath(import.meta.url)));

/** The first seed of a broken program that violates what it is meant to; null: it survives. */
async function notice(mutant: Mutant): Promise<Noticed | null> {
  const broken = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'));
  try {
    writeFileSync(join(broken, 'package.json'), '{"type":"module"}');
    for (const folder of ['src', 'sim']) cpSync(join(built, folder), join(broken, folder), { recursive: true });
    for (const [file, find, put] of mutant.edits) edit(join(broken, file), find, put);
    const { seed, breaks } = mutant;
    const worker = new Worker(pathToFileURL(join(broken, 'sim/mutants.js')), { workerData: { seed, breaks } });
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    rmSync(broken, { recursive: true, force: true });
  }
}

function edit(file: string, find: string, put: string): void {
  const text = readFileSync(file, 'utf8');
  const times = text.split(find).length - 1;
  if (times !== 1) throw new Error(`${file}: "${find}" is there ${times} times, not once: the mutant is out of date`);
  writeFileSync(
    file,
    text.replace(find, () => put),
  );
}

function firstOf({ seed, breaks }: { readonly seed: number; readonly breaks: string }): Noticed | null {
  for (const at of [seed, ...Array.from({ length: SEEDS }, (_, n) => n + 1)]) {
    const violation = simulate(at).violations.find((text) => text.includes(breaks));
    if (violation !== undefined) return { seed: at, violation };
  }
  return null;
}

async function main(): Promise<void> {
  let survived = 0;
  for (const mutant of MUTANTS) {
    const noticed = await notice(mutant);
    if (noticed === null) survived += 1;
    console.log(
      `${noticed ? 'noticed ' : 'SURVIVED'}  ${mutant.what}${noticed ? `\n          seed ${noticed.seed}, ${noticed.violation}` : ''}`,
    );
  }
  console.log(`${MUTANTS.length} mutants, ${survived} survived`);
  process.exitCode = survived > 0 ? 1 : 0;
}

if (isMainThread) await main();
else parentPort?.postMessage(firstOf(workerData as { seed: number; breaks: string }));
