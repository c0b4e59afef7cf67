/** Options that several verbs share, so that they are spelt and explained the same everywhere. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { HoldfastError } from '../model/errors.ts';
import { type Ms, parseDuration } from '../model/time.ts';
import type { ConnectionOptions } from './connect.ts';
import { FORMATS } from './output.ts';
import type { SpecOptions } from './spec-source.ts';
import { canAsk, say } from './terminal.ts';

export interface OutputOptions {
  readonly output: (typeof FORMATS)[number];
  readonly watch?: true;
}

export interface ReasonOptions {
  readonly reason?: string;
}

export interface ConfirmOptions {
  readonly yes?: true;
}

export interface DryRunOptions {
  readonly dryRun?: true;
}

export type { ConnectionOptions, SpecOptions };

/** What commander says of wrong usage, in the form of every other error. */
export function wrongUsage(text: string): void {
  say(text.trimEnd().replace(/^error: /, 'HF7002 '));
}

/** `of`: the verb that this one belongs to, as `silence` of `silence start`. */
export function verb(name: string, summary: string, of = ''): Command {
  return new Command(name)
    .description(summary)
    .showHelpAfterError(`  → See holdfast ${of === '' ? name : `${of} ${name}`} --help`)
    .configureOutput({ writeErr: wrongUsage })
    .exitOverride();
}

export function withConnection(command: Command): Command {
  return command
    .option('--server <url>', 'API of the server (HOLDFAST_SERVER)')
    .option('--token <token>', 'token for the API (HOLDFAST_TOKEN)')
    .option('--state-dir <dir>', 'state directory; default: the nearest .holdfast (HOLDFAST_STATE_DIR)');
}

export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('table'))
    .option('-w, --watch', 'print again when it changes, until interrupted');
}

export function withReason(command: Command): Command {
  return command.option('--reason <text>', 'why, for the journal');
}

export function withConfirm(command: Command): Command {
  return command.option('-y, --yes', 'do not ask');
}

export function withDryRun(command: Command): Command {
  return command.option('--dry-run', 'say what would be done, and do nothing');
}

export function withSpec(command: Command): Command {
  return command
    .option('-f, --file <path>', 'spec file; default: holdfast.yaml or compose.yaml here')
    .option('--profile <name...>', 'profiles to enable (COMPOSE_PROFILES)')
    .option('--project-name <name>', 'name of the system; default: `name` of the file, else its directory');
}

export function durationArgument(text: string): Ms {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Write a number with a unit: 30s, 10m, 2h.');
  return ms;
}

export function countArgument(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

/** Asks on a terminal; elsewhere only --yes goes on. */
export async function confirm(question: string, options: ConfirmOptions): Promise<void> {
  if (options.yes) return;
  if (!canAsk()) throw new HoldfastError('HF7005', `${question} There is no terminal to ask on`);
  const { createInterface } = await import('node:readline/promises');
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await dialogue.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new HoldfastError('HF7005', 'not confirmed');
  } finally {
    dialogue.close();
  }
}

/** Like confirm, but where nobody can be asked it goes on: for what a script may do without a word. */
export async function confirmOnTerminal(question: string, options: ConfirmOptions): Promise<void> {
  if (canAsk()) await confirm(question, options);
}
