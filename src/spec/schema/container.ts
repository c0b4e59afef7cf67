/** The parts of a service that are large in Compose: build, deploy, develop, devices, hooks. */
import {
  bool,
  count,
  dict,
  duration,
  either,
  integer,
  list,
  listOrDict,
  number,
  object,
  oneOf,
  size,
  text,
  textOrList,
} from '../shape.ts';

const anyInteger = integer(-1, Number.MAX_SAFE_INTEGER);
const ulimits = dict(either(anyInteger, object({ soft: anyInteger, hard: anyInteger })));
const mounts = list(either(text, object({ source: text, target: text, uid: text, gid: text, mode: text })));

export const build = either(
  text,
  object({
    additional_contexts: listOrDict,
    args: listOrDict,
    cache_from: list(text),
    cache_to: list(text),
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    entitlements: list(text),
    extra_hosts: either(list(text), dict(textOrList)),
    isolation: text,
    labels: listOrDict,
    network: text,
    no_cache: bool,
    platforms: list(text),
    privileged: bool,
    provenance: text,
    pull: bool,
    sbom: text,
    secrets: mounts,
    shm_size: size,
    ssh: either(text, list(text), dict(text)),
    tags: list(text),
    target: text,
    ulimits,
  }),
);

export const hook = object(
  {
    command: either(text, list(text)),
    user: text,
    privileged: bool,
    working_dir: text,
    environment: listOrDict,
    image: text,
    per_replica: bool,
  },
  ['command'],
);

export const develop = object({
  watch: list(
    object(
      {
        action: oneOf('rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'),
        exec: hook,
        ignore: textOrList,
        include: textOrList,
        initial_sync: bool,
        path: text,
        target: text,
      },
      ['path', 'action'],
    ),
  ),
});

export const devices = list(
  object({ capabilities: list(text), count: text, device_ids: list(text), driver: text, options: listOrDict }),
);

const rollout = {
  parallelism: count,
  delay: duration,
  monitor: duration,
  max_failure_ratio: number(0, 1),
  order: oneOf('start-first', 'stop-first'),
};

export const deploy = object({
  endpoint_mode: text,
  labels: listOrDict,
  mode: oneOf('replicated', 'global', 'replicated-job', 'global-job'),
  placement: object({
    constraints: list(text),
    max_replicas_per_node: count,
    preferences: list(object({ spread: text })),
  }),
  replicas: count,
  resources: object({
    limits: object({ cpus: number(0, Number.POSITIVE_INFINITY), memory: size, pids: anyInteger }),
    reservations: object({
      cpus: number(0, Number.POSITIVE_INFINITY),
      memory: size,
      devices,
      generic_resources: list(object({ discrete_resource_spec: object({ kind: text, value: text }) })),
    }),
  }),
  restart_policy: object({
    condition: oneOf('none', 'on-failure', 'any'),
    delay: duration,
    max_attempts: count,
    max_delay: duration,
    window: duration,
  }),
  update_config: object({ ...rollout, failure_action: oneOf('continue', 'pause', 'rollback') }),
  rollback_config: object({ ...rollout, failure_action: oneOf('continue', 'pause') }),
});
