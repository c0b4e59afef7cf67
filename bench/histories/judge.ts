/**
 * A process of its own that judges every history in one folder and says how long it took: started afresh, so that
 * compiling counts and its peak memory is the checker's. `node judge.js FOLDER` prints one JSON object.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyOf } from '../../src/prove/history/history.ts';
import { parseHistory } from '../../src/prove/history/parse.ts';
import { checkLinearizable } from '../../src/prove/linearizability/check.ts';

export interface Judged {
  readonly histories: readonly {
    readonly name: string;
    readonly expected: boolean;
    readonly verdict: string;
    readonly parseMs: number;
    readonly checkMs: number;
  }[];
  readonly peakBytes: number;
  /** Before anything was read. */
  readonly startBytes: number;
}

function main(folder: string): void {
  const startBytes = process.resourceUsage().maxRSS * 1_024;
  const expected = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8')) as Record<string, boolean>;
  const histories: Judged['histories'][number][] = [];
  for (const [name, is] of Object.entries(expected)) {
    const text = readFileSync(join(folder, name), 'utf8');
    const start = performance.now();
    const history = historyOf(parseHistory(text, { name }));
    const parsed = performance.now();
    const { verdict } = checkLinearizable(history);
    const end = performance.now();
    histories.push({ name, expected: is, verdict, parseMs: parsed - start, checkMs: end - parsed });
  }
  const judged: Judged = { histories, peakBytes: process.resourceUsage().maxRSS * 1_024, startBytes };
  process.stdout.write(JSON.stringify(judged));
}

main(process.argv[2] as string);
