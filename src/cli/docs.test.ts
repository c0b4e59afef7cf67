import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionScript, SHELLS } from './completion.ts';
import { ALIASES, registerVerbs, VERBS } from './registry.ts';

async function everything(): Promise<Command> {
  const program = new Command('holdfast');
  await registerVerbs(program, undefined);
  return program;
}

/** Every command below this one, with the words that lead to it. */
function walk(command: Command, path: readonly string[] = []): { path: readonly string[]; command: Command }[] {
  return command.commands.flatMap((child) => {
    const own = [...path, child.name()];
    return [{ path: own, command: child }, ...walk(child, own)];
  });
}

describe('the command line', () => {
  it('registers each verb of the registry under its name, and the aliases with it', async () => {
    const program = await everything();
    expect(program.commands.map((command) => command.name())).toEqual(Object.keys(VERBS));
    for (const [alias, verb] of Object.entries(ALIASES)) {
      expect(program.commands.find((command) => command.name() === verb)?.aliases()).toContain(alias);
    }
  });

  it('loads only the verb that was typed', async () => {
    const program = new Command('holdfast');
    await registerVerbs(program, 'rollback');
    expect(program.commands.map((command) => command.name())).toEqual(['undo']);
  });

  it('has every verb, subcommand and option in docs/cli.md', async () => {
    const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const missing: string[] = [];
    for (const { path, command } of walk(await everything())) {
      const heading = path.length === 1 ? `### ${path[0]}\n` : path.at(-1);
      if (!docs.includes(heading as string)) missing.push(path.join(' '));
      for (const { long, short } of command.options) {
        for (const flag of [long, short]) {
          if (flag && !new RegExp(`\`[^\`\\n]*${flag}(?![\\w-])`).test(docs)) missing.push(`${path.join(' ')} ${flag}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it('documents no verb that does not exist', () => {
    const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const headings = [...docs.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual(Object.keys(VERBS).sort());
  });

  it.each(SHELLS)('completes every verb and subcommand in %s', async (shell) => {
    const program = await everything();
    const script = completionScript(program, shell);
    for (const { path } of walk(program)) expect(script).toMatch(new RegExp(`\\b${path.at(-1)}\\b`));
  });
});
