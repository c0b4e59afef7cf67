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
  readonly scrape?: readonly string[];
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
    .option('--scrape <url...>', 'Prometheus targets to ask for metrics: URL or JOB=URL')
    .option('--accept-replay', 'start although the journal, replayed by this version, decides differently');
}

export function serverArguments({
  listen,
  ports,
  tokenFile,
  allowHost,
  notify,
  intake,
  scrape,
  acceptReplay,
}: ServerOptions): string[] {
  return [
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...(ports === undefined ? [] : ['--ports', ports]),
    ...(tokenFile === undefined ? [] : ['--token-file', resolve(tokenFile)]),
    ...(allowHost ?? []).flatMap((name) => ['--allow-host', name]),
    ...(notify ?? []).flatMap((address) => ['--notify', address]),
    ...(intake ?? []).flatMap((name) => ['--intake', name]),
    ...(scrape ?? []).flatMap((url) => ['--scrape', url]),
    ...(acceptReplay ? ['--accept-replay'] : []),
  ];
}
