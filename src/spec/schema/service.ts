/** The keys of a service: Compose's, all of them, then Holdfast's own. */
import {
  bool,
  count,
  dict,
  duration,
  either,
  integer,
  list,
  listOrDict,
  matching,
  number,
  object,
  oneOf,
  type Shape,
  size,
  text,
  textOrList,
} from '../shape.ts';
import { check } from './check.ts';
import { build, deploy, develop, devices, hook } from './container.ts';
import { OWN_SERVICE_KEYS, ownService, portExtras } from './holdfast.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;

const command = either(text, list(text));

const ports = list(
  either(
    matching('a port such as 80, "8080:80" or "127.0.0.1:8080:80/tcp"', /^.*$/s, 'HF1013'),
    object(
      {
        name: text,
        mode: oneOf('host', 'ingress'),
        host_ip: text,
        target: integer(1, 65_535, 'HF1013'),
        published: matching('a port or a range of ports', /^(?:|\d{1,5}(?:-\d{1,5})?)$/, 'HF1013'),
        protocol: oneOf('tcp', 'udp', 'sctp', 'http'),
        app_protocol: text,
        ...portExtras,
      },
      ['target'],
    ),
  ),
);

const dependsOn = either(
  list(text),
  dict(
    object({
      condition: oneOf('service_started', 'service_healthy', 'service_completed_successfully'),
      required: bool,
      restart: bool,
    }),
  ),
);

const volumes = list(
  either(
    text,
    object(
      {
        type: oneOf('bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'),
        source: text,
        target: text,
        read_only: bool,
        consistency: text,
        bind: object({ propagation: text, create_host_path: bool, recursive: text, selinux: text }),
        volume: object({ labels: listOrDict, nocopy: bool, subpath: text }),
        tmpfs: object({ size, mode: text }),
        image: object({ subpath: text }),
      },
      ['type'],
    ),
  ),
);

const mounts = list(either(text, object({ source: text, target: text, uid: text, gid: text, mode: text })));

const networks = either(
  list(text),
  dict(
    object({
      aliases: list(text),
      interface_name: text,
      ipv4_address: text,
      ipv6_address: text,
      link_local_ips: list(text),
      mac_address: text,
      driver_opts: dict(text),
      priority: number(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
      gw_priority: number(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
    }),
  ),
);

const limit = either(
  integer(-1, Number.MAX_SAFE_INTEGER),
  object({ soft: integer(-1, Number.MAX_SAFE_INTEGER), hard: integer(-1, Number.MAX_SAFE_INTEGER) }),
);

const blkioDevices = list(object({ path: text, rate: size, weight: count }));

const envFile = either(text, list(either(text, object({ path: text, format: text, required: bool }, ['path']))));

/** Compose's keys of a service. */
export const COMPOSE_SERVICE_KEYS: Readonly<Record<string, Shape>> = {
  annotations: listOrDict,
  attach: bool,
  blkio_config: object({
    device_read_bps: blkioDevices,
    device_read_iops: blkioDevices,
    device_write_bps: blkioDevices,
    device_write_iops: blkioDevices,
    weight: count,
    weight_device: blkioDevices,
  }),
  build,
  cap_add: list(text),
  cap_drop: list(text),
  cgroup: oneOf('host', 'private'),
  cgroup_parent: text,
  command,
  configs: mounts,
  container_name: text,
  cpu_count: count,
  cpu_percent: number(0, 100),
  cpu_period: text,
  cpu_quota: text,
  cpu_rt_period: text,
  cpu_rt_runtime: text,
  cpu_shares: number(0, Number.POSITIVE_INFINITY),
  cpus: number(0, Number.POSITIVE_INFINITY),
  cpuset: text,
  credential_spec: object({ config: text, file: text, registry: text }),
  depends_on: dependsOn,
  deploy,
  develop,
  device_cgroup_rules: list(text),
  devices: list(either(text, object({ source: text, target: text, permissions: text }, ['source']))),
  dns: textOrList,
  dns_opt: list(text),
  dns_search: textOrList,
  domainname: text,
  entrypoint: command,
  env_file: envFile,
  environment: listOrDict,
  expose: list(text),
  extends: either(text, object({ service: text, file: text }, ['service'])),
  external_links: list(text),
  extra_hosts: either(list(text), dict(textOrList)),
  gpus: either(oneOf('all'), devices),
  group_add: list(text),
  healthcheck: check,
  hostname: text,
  image: text,
  init: bool,
  ipc: text,
  isolation: text,
  label_file: textOrList,
  labels: listOrDict,
  links: list(text),
  logging: object({ driver: text, options: dict(text) }),
  mac_address: text,
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: number(0, 100),
  memswap_limit: matching('a size such as 1g, or -1', /^(?:-1|\d+(?:\.\d+)?\s*[kmgtp]?i?b?)$/i, 'HF1012'),
  models: either(list(text), dict(object({ endpoint_var: text, model_var: text }))),
  network_mode: text,
  networks,
  oom_kill_disable: bool,
  oom_score_adj: integer(-1000, 1000),
  pid: text,
  pids_limit: integer(-1, Number.MAX_SAFE_INTEGER),
  platform: text,
  ports,
  post_start: list(hook),
  pre_start: list(hook),
  pre_stop: list(hook),
  privileged: bool,
  profiles: list(matching('a profile name', NAME)),
  provider: object({ type: text, options: dict(either(text, list(text))) }, ['type']),
  pull_policy: text,
  pull_refresh_after: text,
  read_only: bool,
  restart: matching(
    'one of no, always, on-failure, on-failure:N, unless-stopped',
    /^(?:no|false|always|unless-stopped|on-failure(?::\d{1,9})?|)$/,
  ),
  runtime: text,
  scale: count,
  secrets: mounts,
  security_opt: list(text),
  shm_size: size,
  stdin_open: bool,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: dict(text),
  sysctls: listOrDict,
  tmpfs: textOrList,
  tty: bool,
  ulimits: dict(limit),
  use_api_socket: bool,
  user: text,
  userns_mode: text,
  uts: text,
  volumes,
  volumes_from: list(text),
  working_dir: text,
};

export const service: Shape = {
  ...object({ ...COMPOSE_SERVICE_KEYS, ...OWN_SERVICE_KEYS, 'x-holdfast': ownService }),
  what: 'a map with the keys of a service',
};

export const services: Shape = dict(service, NAME);
