/** `plan`: what applying a spec file would change. Starts nothing. */
import type { Command } from 'commander';
import type { PlanResult, SpecSource } from '../../api/resources.ts';
import { HoldfastError } from '../../model/errors.ts';
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
    const look = planner(options);
    const path = findSpecFile(options);
    let next = '';
    let pending = false;
    let noticed = false;
    await printOrWatch(options.watch === true, async () => {
      const plan = await look(readSpec(path, options));
      if (!noticed) for (const notice of plan.notices) say(noticeText(notice, err));
      noticed = true;
      pending = !plan.empty;
      const then = plan.index === 0 ? 'up' : 'apply';
      next = `holdfast ${then} -f ${options.file ?? path}${plan.index === 0 ? '' : ` --index ${plan.index}`}`;
      return renderOne(plan, plan.system, options.output, () => planText(plan, out));
    });
    if (pending && options.output === 'table') suggest(next);
    if (pending && options.check) process.exitCode = EXIT.negative;
  });
  program.addCommand(command);
}

/** With the server that runs; where there is none and none was named, with nothing: a file can be checked anywhere. */
function planner(options: Options): (source: SpecSource) => Promise<PlanResult> {
  try {
    const client = connect(options);
    return (source) => client.plan(source);
  } catch (error) {
    const named = options.server ?? options.stateDir ?? process.env.HOLDFAST_SERVER ?? process.env.HOLDFAST_STATE_DIR;
    if (!(error instanceof HoldfastError) || error.code !== 'HF7001' || named) throw error;
    return async (source) => (await import('../../offline/plan.ts')).planFromNothing(source);
  }
}
