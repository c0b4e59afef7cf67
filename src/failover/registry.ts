/** All engines. A new one is a folder and a line here (and its name in the model and the grammar of the spec). */
import type { FailoverEngine } from '../model/spec.ts';
import type { Engine } from './contract.ts';
import { hooks } from './hooks/index.ts';
import { postgres } from './postgres/index.ts';
import { redis } from './redis/index.ts';

const ENGINES: Readonly<Record<FailoverEngine, Engine>> = { postgres, redis, hooks };

export function engineOf(name: FailoverEngine): Engine {
  return ENGINES[name];
}
