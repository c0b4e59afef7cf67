/**
 * Golden texts: what each experiment of testdata means and how its run goes, in virtual time, or everything that is
 * wrong with it. Its world is under `x-test`: `answers` by name of the activity or kind of effect (the last one
 * repeats), `events`, `options`. `UPDATE_GOLDEN=1` writes them anew; what changed is then for a human to judge.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { HoldfastError } from '../../model/errors.ts';
import type { RunEvent } from './effects.ts';
import type { Json } from './json.ts';
import { parseExperiment } from './parse.ts';
import { formatPath } from './problems.ts';
import { ExperimentRun, type RunOptions } from './run.ts';
import { KINDS } from './testing/kinds.ts';
import { healthy, play, type Reply, summary } from './testing/world.ts';

const DATA = new URL('./testdata/', import.meta.url).pathname;

interface Scripted {
  readonly after?: number;
  readonly output?: Json;
  readonly error?: string;
  readonly never?: boolean;
}

interface Script {
  readonly answers?: Readonly<Record<string, readonly Scripted[]>>;
  readonly events?: readonly ({ readonly at: number } & RunEvent)[];
  readonly options?: Partial<RunOptions>;
}

const OPTIONS: RunOptions = {
  environment: {},
  wallOffsetMs: Date.parse('2026-01-01T00:00:00Z'),
  id: 'x',
  version: '0.0.0',
  platform: 'test',
  node: 'here',
};

function outcome(file: string): string {
  const text = readFileSync(DATA + file, 'utf8');
  const value = (file.endsWith('.json') ? JSON.parse(text) : parseYaml(text)) as { readonly 'x-test'?: Script };
  const script = value['x-test'] ?? {};
  try {
    const { experiment, notices } = parseExperiment(value, { kinds: KINDS });
    const run = new ExperimentRun(experiment, { ...OPTIONS, ...script.options });
    const { journal, timeline } = play(run, {
      events: (script.events ?? []).map((event) => ({ at: event.at, event })),
      reply: (asked, nth): Reply => {
        const answers = script.answers?.['name' in asked ? asked.name : asked.kind] ?? [];
        const { after = 10, output, error, never }: Scripted = answers[Math.min(nth, answers.length - 1)] ?? {};
        if (never) return { afterMs: 0, event: null };
        return { afterMs: after, event: error === undefined ? { output: output ?? healthy(asked) } : { error } };
      },
    });
    const ignored = notices.map(({ path, text: said }) => `notice: ${formatPath(path)} ${said}`);
    return `${[...ignored, ...timeline, '', summary(journal)].join('\n')}\n`;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `${error.format()}\n`;
  }
}

const FILES = readdirSync(DATA).filter((name) => /\.(?:yaml|json)$/.test(name));
const goldenOf = (file: string): string => `${DATA}${file.replace(/\.\w+$/, '.golden.txt')}`;

describe('golden texts', () => {
  it.each(FILES)('%s', (file) => {
    const text = outcome(file);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(goldenOf(file), text);
    expect(existsSync(goldenOf(file))).toBe(true);
    expect(text).toBe(readFileSync(goldenOf(file), 'utf8'));
  });

  it('has no golden text without its case', () => {
    const goldens = readdirSync(DATA).filter((name) => name.endsWith('.golden.txt'));
    expect(goldens.length).toBe(FILES.length);
  });
});
