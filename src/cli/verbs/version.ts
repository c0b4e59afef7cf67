/** `version`: of this command, and of the server when one runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import { asHoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect } from '../connect.ts';
import { type OutputOptions, verb, withConnection, withOutput } from '../options.ts';
import { renderOne } from '../output.ts';
import { say } from '../terminal.ts';
import { printOrWatch } from '../watch.ts';

export function ownVersion(): string {
  // From src/cli/verbs two levels more are above than from dist/src/cli/verbs.
  const up = import.meta.url.endsWith('.ts') ? '../../../package.json' : '../../../../package.json';
  const path = fileURLToPath(new URL(up, import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

export function register(program: Command): void {
  const command = verb('version', 'The version of this command and of the running server');
  withOutput(withConnection(command)).action(async (options: ConnectionOptions & OutputOptions) => {
    await printOrWatch(options.watch === true, async () => {
      const client = ownVersion();
      const server = await serverVersion(options);
      if (server !== null && server !== client)
        say('The server is of another version: restart it with `holdfast down` and `up`.');
      const versions = { client, server, node: process.versions.node };
      return renderOne(versions, client, options.output, () =>
        [`holdfast ${client}`, `server   ${server ?? 'none runs'}`, `node     ${versions.node}`].join('\n'),
      );
    });
  });
  program.addCommand(command);
}

async function serverVersion(options: ConnectionOptions): Promise<string | null> {
  let client: HoldfastClient;
  try {
    client = connect(options);
    return (await client.healthz()).version;
  } catch (error) {
    // That none runs is an answer here; anything else is an error.
    if (asHoldfastError(error).code === 'HF7001') return null;
    throw error;
  }
}
