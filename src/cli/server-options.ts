/** Options of the verbs that start a server, handed on to it as they are. */
import { resolve } from 'node:path';
import type { Command } from 'commander';

export interface ServerOptions {
  readonly listen?: string;
  readonly ports?: string;
  readonly tokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly acceptReplay?: true;
}

export function withServer(command: Command): Command {
  return command
    .option('--listen <host:port>', 'where the API listens; default 127.0.0.1:7420, else the next free port')
    .option('--ports <low-high>', 'ports for instances and their dependencies')
    .option('--token-file <path>', 'tokens and roles; needed beyond loopback')
    .option('--allow-host <name...>', 'further names under which the API may be called')
    .option('--accept-replay', 'start although the journal, replayed by this version, decides differently');
}

export function serverArguments({ listen, ports, tokenFile, allowHost, acceptReplay }: ServerOptions): string[] {
  return [
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...(ports === undefined ? [] : ['--ports', ports]),
    ...(tokenFile === undefined ? [] : ['--token-file', resolve(tokenFile)]),
    ...(allowHost ?? []).flatMap((name) => ['--allow-host', name]),
    ...(acceptReplay ? ['--accept-replay'] : []),
  ];
}
