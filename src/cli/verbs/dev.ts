/**
 * `dev`: a sample system under load, to break and watch heal. Ends without a trace: also by Ctrl-C, when its terminal
 * is closed, and when its own start fails half-way.
 */
import { spawn } from 'node:child_process';
import { type Command, Option } from 'commander';
import { farewell, LineDisplay, ScreenDisplay } from '../dev/displays.ts';
import { FAULTS } from '../dev/faults.ts';
import { DevLoop } from '../dev/run.ts';
import { Session } from '../dev/session.ts';
import type { Trial } from '../dev/verdict.ts';
import { EXIT } from '../exit.ts';
import type { OwnedProcess } from '../leftovers.ts';
import { countArgument, durationArgument, verb } from '../options.ts';
import { Progress } from '../progress.ts';
import { type ServerOptions, serverArguments, withServer } from '../server-options.ts';
import { print, say, surviveLostOutput } from '../terminal.ts';

interface Options extends ServerOptions {
  readonly breakAfter?: number;
  readonly fault?: string;
  readonly target?: string;
  readonly once?: true;
  readonly json?: true;
  readonly rate: number;
}

export function register(program: Command): void {
  const command = verb('dev', 'A sample system under load: press b to break something, and watch it heal')
    .option(
      '--break-after <duration>',
      'break something by itself, so long after the system is healthy',
      durationArgument,
    )
    .addOption(new Option('--fault <fault>', 'what to break with; default: any').choices(FAULTS.map(({ id }) => id)))
    .option('--target <instance>', 'what to break, e.g. payments-2; default: any')
    .option(
      '--once',
      'end after the first verdict (or once healthy, without --break-after); exit with 2 unless it is a match',
    )
    .option('--json', 'print each verdict as a line of JSON on stdout')
    .option('--rate <requests>', 'requests per second of the shop’s customers', countArgument, 50);
  withServer(command).action(dev);
  program.addCommand(command);
}

async function dev(options: Options): Promise<void> {
  // OpenTelemetry is taken in without being asked for: on its own port, or on a free one.
  const own = (options.intake ?? []).some((text) => text.startsWith('otlp-http'));
  const intake = [...(options.intake ?? []), ...(own ? [] : ['otlp-http=auto'])];
  const session = new Session({ ratePerSec: options.rate, serverArguments: serverArguments({ ...options, intake }) });
  const ended = endOnSignals(session);
  const playing = play(session, options, ended);
  try {
    await Promise.race([playing, ended.promise]);
  } finally {
    await session.stop();
  }
  await playing.catch((error: unknown) => {
    // What was ended half-way through its start fails, as it should.
    if (!ended.asked) throw error;
  });
}

async function play(session: Session, options: Options, ended: Ending): Promise<void> {
  const starting = new Progress('starting the server');
  const server = await session.start().finally(() => starting.end());
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true && !options.json;
  const display = interactive ? new ScreenDisplay() : new LineDisplay(options.json ? say : print);
  if (!interactive) (options.json ? say : print)(`dashboard ${server.url}`);
  const loop = new DevLoop(server.client, display);
  void ended.promise.then(() => loop.stop());
  const keys = interactive ? listen(loop, options, server.url) : () => {};
  try {
    await loop.run(script(loop, options));
  } finally {
    keys();
    if (display instanceof ScreenDisplay) display.close();
    await finish(session, loop.trials, options);
  }
}

/** The non-interactive part: breaks by the clock, and ends after the first verdict. */
function script(loop: DevLoop, options: Options): () => void {
  let quietSinceMs: number | undefined;
  let broken = false;
  return () => {
    if (options.once && loop.trials[0]?.verdict) return loop.stop();
    if (!loop.quiet) quietSinceMs = undefined;
    else quietSinceMs ??= performance.now();
    if (broken || quietSinceMs === undefined) return;
    if (options.breakAfter === undefined) {
      if (options.once) loop.stop();
      return;
    }
    if (performance.now() - quietSinceMs < options.breakAfter) return;
    broken = true;
    breakSomething(loop, options);
  };
}

function breakSomething(loop: DevLoop, options: Options): void {
  loop.break({ fault: options.fault, target: options.target }).catch((error: unknown) => {
    loop.say(`could not break it: ${error instanceof Error ? error.message : String(error)}`);
    if (options.once) {
      process.exitCode = EXIT.error;
      loop.stop();
    }
  });
}

function listen(loop: DevLoop, options: Options, url: string): () => void {
  const onKey = (chunk: Buffer): void => {
    for (const key of chunk.toString('utf8')) {
      if (key === 'b') breakSomething(loop, options);
      else if (key === 'd') openDashboard(loop, url);
      else if (key === 'q' || key === '\u0003') loop.stop();
    }
  };
  process.stdin.setRawMode(true);
  process.stdin.on('data', onKey).resume();
  return () => {
    process.stdin.off('data', onKey);
    process.stdin.setRawMode(false);
    process.stdin.pause();
  };
}

/** Where there is no desktop the address on the screen has to do. */
function openDashboard(loop: DevLoop, url: string): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => loop.say(`Open ${url} in a browser.`));
  child.unref();
}

async function finish(session: Session, trials: readonly Trial[], options: Options): Promise<void> {
  const stopping = new Progress('stopping everything');
  const left = await session.stop().finally(() => stopping.end());
  const judged = trials.filter((trial) => trial.verdict !== null);
  const matched = judged.filter((trial) => trial.verdict?.result === 'match').length;
  if (options.json) for (const trial of judged) print(JSON.stringify(trialJson(trial, left)));
  say(farewell(judged.length, matched, left.length));
  if (left.length > 0) process.exitCode = EXIT.error;
  else if (options.once && matched < judged.length) process.exitCode = EXIT.negative;
}

function trialJson(trial: Trial, left: readonly OwnedProcess[]): object {
  const cause = trial.incident?.causes[0];
  return {
    fault: trial.injection.fault.id,
    target: trial.injection.instance,
    verdict: trial.verdict?.result,
    text: trial.verdict?.text,
    blamed: cause ? { entity: cause.entity.name, faultClass: cause.faultClass, mechanism: cause.mechanism } : null,
    detectedMs: rounded(trial.detectedMs),
    explainedMs: rounded(trial.explainedMs),
    repairedMs: rounded(trial.repairedMs),
    actions: trial.incident?.plans.flatMap((plan) =>
      plan.actions.map(({ kind, target, status }) => ({ kind, target, status })),
    ),
    incident: trial.incident?.id ?? null,
    leftBehind: left,
  };
}

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));

interface Ending {
  readonly promise: Promise<void>;
  asked: boolean;
}

/** The first signal ends gently, the second at once. A terminal that is gone must not keep us from cleaning up. */
function endOnSignals(session: Session): Ending {
  surviveLostOutput();
  let resolve: () => void = () => {};
  const ending: Ending = {
    promise: new Promise<void>((done) => {
      resolve = done;
    }),
    asked: false,
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (ending.asked) void session.kill();
      ending.asked = true;
      resolve();
    });
  }
  return ending;
}
