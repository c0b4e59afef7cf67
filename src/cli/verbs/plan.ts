/** `plan`: what applying a spec file would change. Starts nothing. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { type OutputOptions, type SpecOptions, verb, withConnection, withOutput, withSpec } from '../options.ts';
import { renderOne } from '../output.ts';
import { noticeText, planText } from '../plan-text.ts';
import { findSpecFile, readSpec } from '../spec-source.ts';
import { err, out, say, suggest } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

interface Options extends ConnectionOptions, OutputOptions, SpecOptions {
  readonly check?: true;
}

export function register(program: Command): void {
  const command = verb('plan', 'What applying a spec file would change').option(
    '--check',
    'exit with 2 when something would change',
  );
  withSpec(withOutput(withConnection(command))).action(async (options: Options) => {
    const client = connect(options);
    const path = findSpecFile(options);
    let next = '';
    let pending = false;
    let noticed = false;
    await printOrWatch(options.watch === true, async () => {
      const plan = await client.plan(readSpec(path, options));
      if (!noticed) for (const notice of plan.notices) say(noticeText(notice, err));
      noticed = true;
      pending = !plan.empty;
      next = `holdfast apply -f ${options.file ?? path} --index ${plan.index}`;
      return renderOne(plan, plan.system, options.output, () => planText(plan, out));
    });
    if (pending && options.output === 'table') suggest(next);
    if (pending && options.check) process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}
