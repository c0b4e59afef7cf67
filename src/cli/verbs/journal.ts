/** `journal`: the record of inputs and decisions, and whether it is intact. */
import type { Command } from 'commander';
import type { JournalEntryResource } from '../../api/resources.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { countArgument, type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { type Kind, renderList, renderOne } from '../output.ts';
import { Progress } from '../progress.ts';
import { err, out, print, say } from '../terminal.ts';
import { clock, plural } from '../text.ts';
import { printOrWatch } from '../watch.ts';

const ENTRIES: Kind<JournalEntryResource> = {
  columns: [
    { title: 'SEQ', of: (entry) => String(entry.seq) },
    { title: 'AT', of: (entry) => clock(entry.at) },
    { title: 'KIND', of: (entry) => entry.kind },
    { title: 'WHO', of: (entry) => entry.who ?? '-' },
    { title: 'WHY', of: (entry) => entry.why ?? '-', wide: true },
    { title: 'HASH', of: (entry) => entry.hash.slice(0, 12), wide: true },
    { title: 'SUMMARY', of: (entry) => entry.summary },
  ],
  name: (entry) => String(entry.seq),
  none: 'No entries.',
};

export function register(program: Command): void {
  const command = verb('journal', 'The record of inputs and decisions: list, verify');
  command.addCommand(listCommand());
  command.addCommand(verifyCommand());
  program.addCommand(command);
}

interface ListOptions extends ConnectionOptions, OutputOptions {
  readonly after?: number;
  readonly limit: number;
}

function listCommand(): Command {
  const command = verb('list', 'Entries, the newest unless --after is given', 'journal')
    .option('--after <seq>', 'those after this sequence number', countArgument)
    .option('--limit <count>', 'at most so many', countArgument, 50);
  return withOutput(withConnection(command)).action(async (options: ListOptions) => {
    const client = connect(options);
    const { after, limit } = options;
    await printOrWatch(options.watch === true, async () => {
      const entries = await client.journal({ limit, ...(after === undefined ? {} : { after }) });
      if (entries.length === 0) say(ENTRIES.none);
      return renderList(entries, ENTRIES, options.output);
    });
  });
}

interface VerifyOptions extends ConnectionOptions, OutputOptions {
  readonly replay?: true;
}

function verifyCommand(): Command {
  const command = verb('verify', 'Check the hash chain; exit with 2 when it is broken', 'journal').option(
    '--replay',
    'also decide everything again from the recorded inputs and compare',
  );
  return withOutput(withConnection(command)).action(async (options: VerifyOptions) => {
    const client = connect(options);
    const progress = new Progress('verifying the journal');
    const result = await client.verifyJournal(options.replay ? { replay: true } : {}).finally(() => progress.end());
    const text = (): string => {
      const entries = `${plural(result.entries, 'entry', 'entries')} in ${plural(result.segments, 'segment')}`;
      const replayed = result.replayed === null ? '' : `, ${plural(result.replayed, 'decision')} came out the same`;
      const mark = result.intact ? out.green('✓ intact') : out.red('✗ broken');
      const difference = result.firstDifference === null ? '' : `\n  first difference: ${result.firstDifference}`;
      return `${mark}: ${entries}, last hash ${result.lastHash.slice(0, 16)}${replayed}${difference}`;
    };
    print(await renderOne(result, result.lastHash, options.output, text));
    if (result.intact && result.firstDifference === null) return;
    say(err.red(result.intact ? 'The replay differs.' : 'The journal was altered or damaged.'));
    process.exitCode = EXIT.negative;
  });
}
