/** Options of the verbs that start a server, handed on to it as they are. */
import { resolve } from 'node:path';
import type { Command } from 'commander';

export interface ServerOptions {
  readonly listen?: string;
  readonly ports?: string;
  readonly tokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly notify?: readonly string[];
  readonly intake?: readonly string[];
  readonly intakeLimit?: readonly string[];
  readonly scrape?: readonly string[];
  readonly scheduleLeast?: string;
  readonly acceptReplay?: true;
}

export function withServer(command: Command): Command {
  return command
    .option('--listen <host:port>', 'where the API listens; default 127.0.0.1:7420, else the next free port')
    .option('--ports <low-high>', 'ports for instances and their dependencies')
    .option('--token-file <path>', 'tokens and roles; needed beyond loopback')
    .option('--allow-host <name...>', 'further names under which the API may be called')
    .option('--notify <url...>', 'who is told when a human is called: webhook+https://…, alertmanager+http://…, @FILE')
    .option('--intake <name...>', 'telemetry to listen for: otlp-http, statsd=127.0.0.1:8125, … (docs/intake.md)')
    .option('--intake-limit <name=value...>', 'how much it may be: max-series=200000, max-request-bytes=20MiB, …')
    .option('--scrape <url...>', 'Prometheus targets to ask for metrics: URL or JOB=URL')
    .option('--schedule-least <duration>', 'shortest distance between runs of a schedule; default 10m')
    .option('--accept-replay', 'start although the journal, replayed by this version, decides differently');
}

export function serverArguments({
  listen,
  ports,
  tokenFile,
  allowHost,
  notify,
  intake,
  intakeLimit,
  scrape,
  scheduleLeast,
  acceptReplay,
}: ServerOptions): string[] {
  return [
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...(ports === undefined ? [] : ['--ports', ports]),
    ...(tokenFile === undefined ? [] : ['--token-file', resolve(tokenFile)]),
    ...(allowHost ?? []).flatMap((name) => ['--allow-host', name]),
    ...(notify ?? []).flatMap((address) => ['--notify', address]),
    ...(intake ?? []).flatMap((text) => ['--intake', withPaths(text)]),
    ...(intakeLimit ?? []).flatMap((text) => ['--intake-limit', text]),
    ...(scrape ?? []).flatMap((url) => ['--scrape', url]),
    ...(scheduleLeast === undefined ? [] : ['--schedule-least', scheduleLeast]),
    ...(acceptReplay ? ['--accept-replay'] : []),
  ];
}

/** The server's own directory is another one: files of secrets and certificates are named in full. */
function withPaths(intake: string): string {
  return intake.replace(
    /,(token=@|(?:cert|key|ca|psk)=@?)([^,]+)/g,
    (_, name: string, path: string) => `,${name}${resolve(path)}`,
  );
}
