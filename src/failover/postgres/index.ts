/**
 * PostgreSQL: streaming replication, with every caught-up standby synchronous. The agent talks to each instance as a
 * client would, over its own port with a new connection each time: a server that takes no new ones is of no use to
 * anybody, and a connection kept open would not notice.
 */
import type { LaunchSpec } from '../../model/link.ts';
import type { Engine } from '../contract.ts';
import { roleVariables } from '../contract.ts';
import { POSTGRES_SCRIPT } from './script.ts';
import { PostgresSession } from './session.ts';

export const postgres: Engine = {
  start: (launch, role) => ({
    command: ['/bin/sh', '-c', POSTGRES_SCRIPT, 'postgres', ...launch.command.slice(1)],
    environment: { ...roleVariables(role), HOLDFAST_PROGRAM: programOf(launch) },
  }),
  open: (launch, role) => new PostgresSession(launch, role.maxLagBytes),
};

function programOf({ command }: LaunchSpec): string {
  return command[0] ?? 'postgres';
}
