/** `completion SHELL`: a script that completes verbs, options and names. */
import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { verb } from '../options.ts';
import { registerVerbs } from '../registry.ts';

export function register(program: Command): void {
  const command = verb('completion', 'A completion script for a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', '\nbash: source <(holdfast completion bash)\nfish: holdfast completion fish | source');
  command.action(async (shell: Shell) => {
    const everything = new Command('holdfast');
    await registerVerbs(everything, undefined);
    process.stdout.write(completionScript(everything, shell));
  });
  program.addCommand(command);
}
