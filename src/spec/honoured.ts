/**
 * What a service may ask for that running it as a process of this machine cannot give, and what happens instead.
 * A test holds this table and the grammar together: every key is either honoured or named here.
 */
import { own, type Scope } from './scope.ts';
import { dig, entriesOf, get, type Place, type SpecNode, textOf } from './tree.ts';
import { readBool } from './values.ts';

/** Keys that have their effect here. */
export const HONOURED: ReadonlySet<string> = new Set([
  'autoscale',
  'command',
  'cpu_period',
  'cpu_quota',
  'cpus',
  'depends_on',
  'deploy',
  'drain_period',
  'entrypoint',
  'env_file',
  'environment',
  'experiments',
  'expose',
  'extends',
  'failover',
  'fixed_ports',
  'healthcheck',
  'label_file',
  'labels',
  'links',
  'logging',
  'mem_limit',
  'objectives',
  'pids_limit',
  'ports',
  'profiles',
  'provider',
  'readiness',
  'recovery',
  'replicas',
  'restart',
  'scale',
  'stop_grace_period',
  'stop_signal',
  'ulimits',
  'user',
  'working_dir',
]);

const NO_CONTAINER = 'it is a process of this machine, without a container';
const NO_MOUNT = 'nothing is mounted: the process sees the files of this machine';
const NO_NETWORK = "the process is on this machine's network; dependencies are reached by the addresses it is given";
const FULL_RIGHTS = 'the process has the rights of its user';
const NO_SHARE = 'the kernel shares among processes as usual';
const NO_DEVICE = 'the process sees the devices of this machine that its user may use';
const NOT_RUN = 'not run';
const LIMIT_ONLY = 'nothing is set aside; limits hold';

export const NOT_HONOURED: Readonly<Record<string, string>> = {
  annotations: 'kept nowhere; use labels',
  attach: 'read logs with `holdfast logs`',
  blkio_config: NO_SHARE,
  build: 'nothing is built; the command runs what is on this machine',
  cap_add: FULL_RIGHTS,
  cap_drop: FULL_RIGHTS,
  cgroup: NO_CONTAINER,
  cgroup_parent: NO_CONTAINER,
  configs: NO_MOUNT,
  container_name: 'instances are named SERVICE-1, SERVICE-2, …',
  cpu_count: 'use cpus',
  cpu_percent: 'use cpus',
  cpu_rt_period: NO_SHARE,
  cpu_rt_runtime: NO_SHARE,
  cpu_shares: NO_SHARE,
  cpuset: 'the process may run on every CPU; use cpus',
  credential_spec: FULL_RIGHTS,
  develop: 'nothing is watched; `holdfast apply` brings changes',
  device_cgroup_rules: NO_DEVICE,
  devices: NO_DEVICE,
  dns: NO_NETWORK,
  dns_opt: NO_NETWORK,
  dns_search: NO_NETWORK,
  domainname: NO_NETWORK,
  external_links: NO_NETWORK,
  extra_hosts: NO_NETWORK,
  gpus: NO_DEVICE,
  group_add: 'the process has the groups of its user',
  hostname: "it is this machine's",
  image: 'not pulled; the command runs what is on this machine',
  init: 'a process group is stopped as a whole',
  ipc: NO_CONTAINER,
  isolation: NO_CONTAINER,
  mac_address: NO_NETWORK,
  mem_reservation: LIMIT_ONLY,
  mem_swappiness: NO_SHARE,
  memswap_limit: 'only mem_limit holds',
  models: 'not started; give the address by environment',
  network_mode: NO_NETWORK,
  networks: NO_NETWORK,
  oom_kill_disable: NO_SHARE,
  oom_score_adj: NO_SHARE,
  pid: NO_CONTAINER,
  platform: 'the command runs on what this machine is',
  post_start: NOT_RUN,
  pre_start: NOT_RUN,
  pre_stop: NOT_RUN,
  privileged: FULL_RIGHTS,
  pull_policy: 'nothing is pulled',
  pull_refresh_after: 'nothing is pulled',
  read_only: 'the process may write where its user may',
  runtime: NO_CONTAINER,
  secrets: NO_MOUNT,
  security_opt: FULL_RIGHTS,
  shm_size: "it is this machine's",
  stdin_open: 'stdin is empty',
  storage_opt: NO_MOUNT,
  sysctls: "they are this machine's",
  tmpfs: NO_MOUNT,
  tty: 'output goes to the log, not to a terminal',
  use_api_socket: NO_MOUNT,
  userns_mode: NO_CONTAINER,
  uts: NO_CONTAINER,
  volumes: `${NO_MOUNT}; each instance has a directory of its own, HOLDFAST_INSTANCE_DIR`,
  volumes_from: NO_MOUNT,
};

/** Understood; nothing acts upon it in this release. */
export const NOT_YET: Readonly<Record<string, string>> = {
  checkpoint: 'kept for later; nothing is checkpointed in this release',
};

const DEPLOY: Readonly<Record<string, string>> = {
  endpoint_mode: 'every service has one balanced address',
  placement: 'there is one machine',
  rollback_config: 'going back is done as update_config says',
};

/** Names one machine's own network, processes and so on, which is just what a process has. */
const HOST_MODES: ReadonlySet<string> = new Set(['network_mode', 'pid', 'ipc', 'uts', 'userns_mode', 'cgroup']);

export function noticeNotHonoured({ node, name, problems }: Scope): void {
  const say = (place: Place, what: string, instead: string): void =>
    problems.notice('not-honoured', place, name, what, instead);
  for (const [key, { key: place, value }] of entriesOf(node)) {
    const instead = NOT_HONOURED[key];
    if (instead === undefined || isTrivial(value)) continue;
    if (HOST_MODES.has(key) && textOf(value) === 'host') continue;
    say(place, key === 'image' ? `image ${textOf(value)}` : key, instead);
  }
  for (const [key, instead] of Object.entries(NOT_YET)) {
    const value = own(node, key);
    if (value) problems.notice('not-yet', value, name, key, instead);
  }
  const deploy = get(node, 'deploy');
  for (const [key, { key: place }] of entriesOf(deploy)) {
    if (DEPLOY[key] !== undefined) say(place, `deploy.${key}`, DEPLOY[key]);
  }
  const mode = get(deploy, 'mode');
  if (mode && textOf(mode)?.startsWith('global')) say(mode, 'deploy.mode global', 'one instance on the one machine');
  if (mode && textOf(mode)?.endsWith('-job'))
    say(mode, `deploy.mode ${textOf(mode)}`, 'a service that is started again only when it fails');
  const reservations = dig(deploy, 'resources', 'reservations');
  if (reservations) say(reservations, 'deploy.resources.reservations', LIMIT_ONLY);
  for (const [key, { key: place }] of entriesOf(get(node, 'ulimits'))) {
    if (key !== 'nofile') say(place, `ulimits.${key}`, 'the limit of the user holds');
  }
}

/** Asks for nothing: `privileged: false`, an empty list. */
function isTrivial(value: SpecNode): boolean {
  if (value.kind === 'list') return value.items.length === 0;
  if (value.kind === 'map') return value.entries.size === 0;
  return value.value === null || value.text === '' || readBool(value) === false;
}
