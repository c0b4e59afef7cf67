/**
 * A process of its own that judges every history in one folder and says how long it took: started afresh, so that
 * compiling counts and its peak memory is the checker's. `node judge.js FOLDER` prints one JSON object.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsistencyVerdict } from '../../src/model/consistency.ts';
import { asHoldfastError } from '../../src/model/errors.ts';
import { judgeHistory } from '../../src/prove/consistency/judge.ts';
import { parseHistory } from '../../src/prove/history/parse.ts';

export interface Judged {
  readonly histories: readonly {
    readonly name: string;
    /** What was said of it, in words. */
    readonly verdict: string;
    readonly right: boolean;
    readonly parseMs: number;
    readonly checkMs: number;
  }[];
  readonly peakBytes: number;
  /** Before anything was read. */
  readonly startBytes: number;
}

/** true: keeps the strongest promise. A text: the strongest level that holds, or an anomaly that must be found. */
type Expected = boolean | string;

function compared(verdict: ConsistencyVerdict, is: Expected): { readonly verdict: string; readonly right: boolean } {
  const { checked, holds, anomalies } = verdict;
  if (typeof is === 'boolean')
    return { verdict: `${checked}: ${verdict.verdict}`, right: verdict.verdict === (is ? 'holds' : 'violated') };
  const names = anomalies.map(({ name }) => name);
  return {
    verdict: `${holds[0] ?? 'nothing'} holds (${names.join(', ')})`,
    right: holds[0] === is || names.includes(is),
  };
}

function main(folder: string): void {
  const startBytes = process.resourceUsage().maxRSS * 1_024;
  const expected = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8')) as Record<string, Expected>;
  const histories: Judged['histories'][number][] = [];
  for (const [name, is] of Object.entries(expected)) {
    const text = readFileSync(join(folder, name), 'utf8');
    const start = performance.now();
    let parsed = start;
    let found: { readonly verdict: string; readonly right: boolean };
    try {
      const events = parseHistory(text, { name });
      parsed = performance.now();
      found = compared(judgeHistory(events), is);
    } catch (error) {
      found = { verdict: asHoldfastError(error).code, right: false };
    }
    const end = performance.now();
    histories.push({ name, ...found, parseMs: parsed - start, checkMs: end - parsed });
  }
  const judged: Judged = { histories, peakBytes: process.resourceUsage().maxRSS * 1_024, startBytes };
  process.stdout.write(JSON.stringify(judged));
}

main(process.argv[2] as string);
