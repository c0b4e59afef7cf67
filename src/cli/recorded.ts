/**
 * `diagnose --from …`: the diagnosis of recorded data, without a server. What does the work is loaded only when it is
 * asked for; here are its options and how its answer reads.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { HoldfastError } from '../model/errors.ts';
import { formatDuration, parseDuration } from '../model/time.ts';
import type { PropagationNode, RecordedReport, ReportedCause } from '../offline/diagnose.ts';
import { EXIT } from './exit.ts';
import { durationArgument, type OutputOptions } from './options.ts';
import { renderOne, table } from './output.ts';
import { out, print, type Style, say } from './terminal.ts';
import { percent } from './text.ts';

export interface RecordedOptions extends OutputOptions {
  readonly from?: readonly string[];
  readonly normal?: readonly string[];
  readonly at?: number;
  readonly until?: number;
  readonly baseline?: readonly [number, number];
  readonly symptom?: { readonly service: string; readonly kind: 'slow' | 'erroring' | null };
  readonly between?: readonly [number, number];
  readonly step?: number;
  readonly check?: true;
}

export function withRecorded(command: Command): Command {
  return command
    .option(
      '--from <source...>',
      'recorded data instead of a running system: files, folders, or http://prometheus:9090',
    )
    .option('--normal <source...>', 'with --from: recorded normal times, from other files')
    .addOption(
      new Option('--at <time>', 'with --from: when it began; default: as a file there says, else found').argParser(
        instant,
      ),
    )
    .addOption(new Option('--until <time>', 'with --from: when it was over').argParser(instant))
    .addOption(new Option('--baseline <from..to>', 'with --from: normal times; default: all before').argParser(range))
    .addOption(new Option('--symptom <service[:slow|erroring]>', 'with --from: who felt it').argParser(symptom))
    .addOption(new Option('--between <from..to>', 'what to ask of Prometheus; default: the last hour').argParser(range))
    .addOption(
      new Option('--step <duration>', 'between points of Prometheus; default 15s').argParser(durationArgument),
    );
}

export async function diagnoseFrom(service: string | undefined, options: RecordedOptions): Promise<void> {
  const { diagnoseRecorded } = await import('../offline/diagnose.ts');
  const between = options.between ?? [Date.now() - 3_600_000, Date.now()];
  if (between[1] <= between[0]) throw new HoldfastError('HF7002', 'the range ends before it begins');
  const report = await diagnoseRecorded({
    from: options.from ?? [],
    normal: options.normal ?? [],
    wanted: {
      atMs: options.at ?? null,
      untilMs: options.until ?? null,
      service: options.symptom?.service ?? service ?? null,
      kind: options.symptom?.kind ?? null,
      baseline: options.baseline ? { fromMs: options.baseline[0], toMs: options.baseline[1] } : null,
    },
    range: { fromMs: between[0], toMs: between[1], stepMs: options.step ?? 15_000 },
  });
  const name = report.inconclusive ? 'inconclusive' : (report.causes[0]?.name ?? 'nothing');
  for (const note of report.read) if (/: (left out|not understood)/.test(note)) say(note);
  print(await renderOne(report, name, options.output, () => tellReport(report, out, options.output === 'wide')));
  if (options.check && !report.inconclusive) process.exitCode = EXIT.negative;
}

function instant(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
  if (number !== null) return number >= 1e11 ? number : number * 1_000;
  const ago = /^-(.+)$/.exec(text)?.[1];
  if (ago !== undefined && parseDuration(ago) !== undefined) return Date.now() - (parseDuration(ago) as number);
  const at = Date.parse(
    /\d{2}:\d{2}.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !/\d:\d/.test(text) ? text : `${text.replace(' ', 'T')}Z`,
  );
  if (Number.isNaN(at)) throw new InvalidArgumentError('Write 2026-03-01T12:00:00Z, seconds since 1970, or -30m.');
  return at;
}

function range(text: string): [number, number] {
  const [from = '', to = ''] = text.split('..');
  if (from === '') throw new InvalidArgumentError('Write FROM..TO.');
  return [instant(from), to === '' ? Date.now() : instant(to)];
}

function symptom(text: string): NonNullable<RecordedOptions['symptom']> {
  const [, service, kind] = /^(.+?)(?::(slow|erroring))?$/.exec(text) ?? [];
  if (service === undefined) throw new InvalidArgumentError('Write SERVICE, SERVICE:slow or SERVICE:erroring.');
  return { service, kind: (kind as 'slow' | 'erroring' | undefined) ?? null };
}

export function tellReport(report: RecordedReport, style: Style, wide = false): string {
  const { symptom: felt, window, account, causes, missing, sensitivity } = report;
  const source = felt.found ? ' (found)' : felt.onsetFile === null ? '' : ` (says ${felt.onsetFile})`;
  const began = `${felt.service} is ${felt.kind} since ${felt.onsetAt}${source}`;
  const compared = `bins of ${formatDuration(window.binMs)}, compared with ${window.normalBins} normal ones`;
  const rows = account.rows.map(({ where, suffered, own }) => [where, amount(suffered), amount(own)]);
  rows.push(['too small to list', '', amount(account.small)], ['absorbed', '', amount(-account.absorbed)]);
  rows.push(['reached users', '', amount(account.reached)]);
  const told = causes.filter(({ confidence }, at) => at === 0 || wide || confidence >= 0.02).slice(0, wide ? 5 : 3);
  const fragile = sensitivity.overturned.map(({ without, name, instead }) =>
    without === 'edge'
      ? `without the call ${name}: ${instead ?? 'nobody'}`
      : `without the past of ${name}: ${instead ?? 'nobody'}`,
  );
  return [
    style.bold(report.sentence),
    style.dim(`${began}; ${compared}`),
    '',
    table([account.unit.toUpperCase(), 'SUFFERED', 'STARTS THERE'], rows),
    ...titled('Way of the damage', treeOf(report.propagation, style), style),
    ...titled(
      'Causes',
      told.flatMap((cause, at) => causeLines(cause, at, style)),
      style,
    ),
    ...titled('Victims', report.victims.length === 0 ? [] : [`  ${report.victims.join(', ')}`], style),
    ...titled(
      'Would change the verdict',
      fragile.map((line) => `  ${line}`),
      style,
    ),
    ...titled(
      'Not recorded',
      missing.map((line) => `  ${line}`),
      style,
    ),
    ...(wide
      ? titled(
          'Read',
          report.read.map((line) => `  ${line}`),
          style,
        )
      : []),
  ].join('\n');
}

function titled(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : ['', style.bold(title), ...lines];
}

function causeLines(
  { kind, name, faultClass, mechanism, confidence, evidenceFor, evidenceAgainst }: ReportedCause,
  at: number,
  style: Style,
): string[] {
  const what = kind === 'service' ? name : `${kind} ${name}`;
  return [
    `  ${at + 1}. ${style.bold(what)}  ${faultClass}: ${mechanism}  ${percent(confidence)}`,
    ...evidenceFor.map(({ text, weight }) => `     ${style.green('+')} ${text} ${style.dim(signed(weight))}`),
    ...evidenceAgainst.map(({ text, weight }) => `     ${style.red('−')} ${text} ${style.dim(signed(weight))}`),
  ];
}

function treeOf(root: PropagationNode, style: Style): string[] {
  const lines: string[] = [];
  const walk = ({ service, suffered, own, callees }: PropagationNode, indent: string, mark: string): void => {
    const bar = own > 0.5 * suffered && own > 0 ? style.red(` ${amount(own)} start here`) : '';
    lines.push(`  ${indent}${mark}${service}  ${amount(suffered)}${bar}`);
    const deeper = mark === '' ? '' : `${indent}${mark === '└ ' ? '  ' : '│ '}`;
    callees.forEach((callee, at) => {
      walk(callee, deeper, at === callees.length - 1 ? '└ ' : '├ ');
    });
  };
  walk(root, '', '');
  return lines.length < 2 ? [] : lines;
}

function amount(value: number): string {
  const size = Math.abs(value);
  if (size < 0.05) return '0.0';
  return size >= 100 ? Math.round(value).toString() : value.toFixed(1);
}

function signed(weight: number): string {
  return `${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(1)}`;
}
