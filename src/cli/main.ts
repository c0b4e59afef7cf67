#!/usr/bin/env node
/** The `holdfast` command: finds the verb, runs it, and turns whatever went wrong into a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { asHoldfastError } from '../model/errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { wrongUsage } from './options.ts';
import { registerVerbs } from './registry.ts';
import { err, handleLostOutput, say } from './terminal.ts';

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('holdfast')
    .description('Keeps distributed systems running: detects faults, diagnoses the cause, recovers by itself.')
    .showHelpAfterError('  → See holdfast --help')
    .configureOutput({ writeErr: wrongUsage })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', '\nBegin with `holdfast dev`: a sample system under load that you can break.');
  await registerVerbs(program, argv[0]);
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    if (argv[0] === '--version' || argv[0] === '-V') await versionLine();
    else await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has printed its own message; help asked for is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const known = asHoldfastError(error);
    say(err.red(known.format()));
    if (known.code === 'HF9000' && known.cause instanceof Error) say(err.dim(known.cause.stack ?? ''));
    return exitCodeOf(known);
  }
}

async function versionLine(): Promise<void> {
  const { ownVersion } = await import('./verbs/version.ts');
  process.stdout.write(`${ownVersion()}\n`);
}

handleLostOutput();
process.exitCode = await main(process.argv.slice(2));
