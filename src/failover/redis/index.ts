/**
 * Redis: asynchronous replication. What is acknowledged and not yet copied is lost with the primary; how much that
 * can be is bounded by failover.max_lag at the moment the primary was last heard.
 */
import type { Engine } from '../contract.ts';
import { roleVariables } from '../contract.ts';
import { REDIS_SCRIPT } from './script.ts';
import { RedisSession } from './session.ts';

export const redis: Engine = {
  start: (launch, role) => ({
    command: ['/bin/sh', '-c', REDIS_SCRIPT, 'redis', ...launch.command.slice(1)],
    environment: { ...roleVariables(role), HOLDFAST_PROGRAM: launch.command[0] ?? 'redis-server' },
  }),
  open: (launch, role) => new RedisSession(launch, role.maxLagBytes),
};
