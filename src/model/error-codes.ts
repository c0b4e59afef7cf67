/**
 * The error catalogue. Ranges: 1xxx spec, 2xxx state and store, 3xxx runtime and checks, 4xxx traffic,
 * 5xxx plans and guard rails, 6xxx API and access, 7xxx CLI, 8xxx simulation, benches and proofs, 9xxx our own defects.
 * A code is never reused or renumbered. docs/errors.md lists every one of them; a test fails when one is missing.
 */
export interface ErrorCodeInfo {
  readonly title: string;
  readonly remedy: string;
  readonly retry: 'never' | 'later' | 'now';
}

const code = (title: string, remedy: string, retry: ErrorCodeInfo['retry'] = 'never'): ErrorCodeInfo => ({
  title,
  remedy,
  retry,
});

export const ERROR_CODES = {
  HF1001: code(
    'spec file not found',
    'Give the path with -f, or run in the directory that holds compose.yaml or holdfast.yaml.',
  ),
  HF1002: code('spec is not valid YAML', 'Correct the syntax at the position shown.'),
  HF1003: code('unknown key', 'Use the suggested key, or put extensions under a key that begins with x-.'),
  HF1004: code('wrong type or value', 'Write the value in the form shown.'),
  HF1005: code('bad duration', 'Write a number with a unit: 500ms, 10s, 1m30s.'),
  HF1006: code('dependency cycle', 'Remove one of the dependencies shown.'),
  HF1007: code(
    'unknown service in depends_on',
    'Name a service of this file, or mark the dependency `required: false`.',
  ),
  HF1008: code('port clash', 'Publish each host port once.'),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's own notation
  HF1009: code('missing variable', 'Set the variable, put it into .env, or give a default: ${NAME:-value}.'),
  HF1010: code('no service can run here', 'Give at least one service a `command`.'),
  HF1011: code('unsupported include or extends', 'Correct the path, or copy the service into this file.'),
  HF1012: code('bad size', 'Write a number with a unit: 512m, 1g, 64k.'),
  HF1013: code('bad port', 'Write a port between 1 and 65535, as "8080:80" or in the long form.'),
  HF1014: code(
    'spec too large or too deep',
    'Keep spec files under 1 MiB and under 100,000 values once aliases are expanded.',
  ),
  HF1015: code('env file not found', 'Correct the path, or mark it `required: false`.'),

  HF2001: code(
    'state directory in use',
    'Another Holdfast runs on this state directory: stop it, or choose another with --state-dir.',
    'later',
  ),
  HF2002: code(
    'state is corrupt',
    'Nothing was changed. Restore the directory from a backup, or move it away to start afresh.',
  ),
  HF2003: code(
    'state directory is not usable',
    'Make the directory writable for this user, or choose another with --state-dir.',
  ),
  HF2004: code('disk full', 'Free space on the file system that holds the state directory.', 'later'),
  HF2005: code('transaction conflict', 'Read the current state and try again.', 'now'),
  HF2006: code('revision compacted', 'Read the current state and watch from its revision.', 'now'),
  HF2007: code('lease not found', 'The lease has expired: acquire a new one.'),
  HF2008: code(
    'journal chain broken',
    'The journal was altered or damaged at the entry shown. Keep a copy; `holdfast journal verify` shows how far it is intact.',
  ),
  HF2009: code('state written by a newer version', 'Run the version that wrote it, or a newer one.'),
  HF2010: code(
    'replay differs',
    'The decision shown was made by another version of the code, or the journal was altered.',
  ),
  HF2011: code('store closed', 'The store was closed; open it again.'),
  HF2012: code('fencing token too old', 'Leadership was lost: stop acting on it, and campaign again.'),
  HF2013: code('not a valid store request', 'Correct the key, value or transaction as shown.'),
  HF2014: code(
    'write outcome unknown',
    'The disk failed while a write was being made durable: check the disk, then start Holdfast again; it reads back what is there.',
  ),

  HF3001: code('command not found', 'Install the program or correct `command`; it is looked up in PATH.'),
  HF3002: code('command not executable', 'Make the file executable (chmod +x).'),
  HF3003: code('working directory missing', 'Create the directory or correct `working_dir`.'),
  HF3004: code('unknown user', 'Create the user or correct `user`.'),
  HF3005: code('not permitted to switch user', 'Run Holdfast as root, or remove `user`.'),
  HF3006: code('no free port', 'Free some ports, or widen the range with --ports.', 'later'),
  HF3007: code('unknown instance', 'List the instances with `holdfast get instances`.'),
  HF3008: code('limit cannot be enforced', 'Grant a delegated cgroup v2, or accept sampling.'),
  HF3009: code(
    'instance could not be stopped',
    'The process ignores SIGKILL (uninterruptible wait): look at its node.',
    'later',
  ),
  HF3010: code(
    'process could not be started',
    'See the reason shown: the machine may be out of processes, memory or disk.',
    'later',
  ),
  HF3011: code('role not taken', 'See the reason shown and `holdfast logs` of the instance.', 'later'),
  HF3012: code('fencing token out of date', 'Nothing: the newer order stands.'),

  HF4001: code('port already taken', 'Stop the program that listens there, or publish another port.', 'later'),
  HF4002: code('traffic process not reachable', 'It is started again by itself; see `holdfast status`.', 'later'),
  HF4003: code('traffic protocol mismatch', 'Restart the traffic process: it was started by another version.'),

  HF5001: code('state moved since the plan', 'Run `holdfast plan` again and apply its new index.', 'now'),
  HF5002: code('halted by a guard rail', 'See the reason; override with --override RAIL if you know better.', 'later'),
  HF5003: code('no such incident', 'List them with `holdfast get incidents`.'),
  HF5004: code('no such plan or action', 'List them with `holdfast get plans`.'),
  HF5005: code('nothing to undo', 'Only the last change of a service that is still known can be undone.'),
  HF5006: code('automation is stopped', 'Start it again with `holdfast resume`.', 'later'),
  HF5007: code('not awaiting approval', 'The action has been decided already.'),
  HF5008: code('the last change is an undo itself', 'To have the undone change back, name the undo with --change ID.'),

  HF6001: code('not authenticated', 'Send a token: Authorization: Bearer …, or HOLDFAST_TOKEN for the CLI.'),
  HF6002: code('role not sufficient', 'Ask for a token with the role shown.'),
  HF6003: code('host or origin refused', 'Call the API by its own address; browsers only from its own pages.'),
  HF6004: code('bad request', 'Correct the field shown.'),
  HF6005: code('not found', 'See /openapi.json for the routes.'),
  HF6006: code('body too large', 'Send less than the limit shown.'),
  HF6007: code('token required', 'Beyond loopback the API needs tokens: create one with --token-file.'),
  HF6008: code('no such service', 'List them with `holdfast get services`.'),
  HF6009: code('too many live views', 'Close some: the server keeps at most the number shown.', 'later'),

  HF7001: code('no Holdfast is running', 'Start one: `holdfast up -f compose.yaml`, or `holdfast dev`.', 'later'),
  HF7002: code('usage', 'See `holdfast help`.'),
  HF7003: code('ambiguous id', 'Give more characters of the id.'),
  HF7004: code(
    'no answer from the server',
    'Is it running? See its log, or start one with `holdfast up`; --server names another.',
    'later',
  ),
  HF7005: code('confirmation needed', 'Answer the question, or pass --yes.'),
  HF7006: code('interrupted', 'Run the command again.', 'now'),
  HF7007: code('server did not start', 'See the log it names.', 'later'),

  HF8001: code('invariant violated', 'This is a defect of Holdfast: report the seed and the timeline.'),
  HF8002: code('no such benchmark', 'List them with `npm run bench -- --list`.'),
  HF8003: code('benchmark peer missing', 'Install the Debian package shown.'),
  HF8041: code('history cannot be read', 'Correct the line shown: EDN or JSON maps with type, process, f and value.'),
  HF8042: code(
    'history fits no model',
    'Name the model with --model, or see docs/consistency.md for what each one understands.',
  ),
  HF8051: code(
    'target of a workload not understood',
    'Write redis://…, postgres://…, http://… or store:DIR; see docs/consistency.md.',
  ),
  HF8052: code('workload not possible on this target', 'Use one of the workloads shown.'),
  HF8053: code('target of a workload cannot be prepared', 'See the reason shown: address, user and rights.', 'later'),
  HF8054: code('history cannot be kept', 'Give a path that this user may write.'),

  HF8101: code('not an experiment', 'Write a map with title, description and method, in JSON or YAML.'),
  HF8102: code('experiment lacks a key', 'Add the key shown.'),
  HF8103: code('experiment has an unknown key', 'Use the suggested key, or begin your own keys with x-.'),
  HF8104: code('experiment has a wrong value', 'Write the value in the form shown.'),
  HF8105: code('experiment refers to nothing', 'Name an activity, control, secret or configuration of this file.'),
  HF8106: code('provider not supported', 'Use the http or process provider, or a fault under x-holdfast.'),
  HF8107: code('experiment lacks a variable', 'Set the environment variable shown, or give it a default.'),
  HF8108: code('unknown fault', 'Use one of the kinds and parameters in the table of faults in docs/prove.md.'),
  HF8201: code(
    'fault not possible here',
    'Use what the message of the fault names instead; docs/prove.md says what each fault needs.',
  ),
  HF8202: code('no such fault', 'Use one of the faults in docs/prove.md.'),
  HF8203: code('target gone or of the wrong kind', 'Name a living target of the kind shown.'),
  HF8204: code('fault could not be begun', 'See the reason shown, and keeper.log in the state directory.', 'later'),
  HF8205: code('fault unknown or over', 'Inject it again.'),
  HF8206: code(
    'fault not reverted yet',
    'See its residue, and keeper.log in the state directory; reverting it again tries again.',
    'later',
  ),
  HF8207: code(
    'an experiment cannot kill this part',
    'Kill the process by hand (`holdfast status` has its pid) while an experiment runs, start it again with `holdfast serve`, and look: what it left behind is reverted within its lease. Or kill the traffic process: part: traffic.',
  ),

  HF8301: code(
    'experiments not allowed there',
    'Set `experiments: allow` under x-holdfast of each service that may be struck.',
  ),
  HF8302: code('call of an experiment failed', 'Correct the provider shown, or what it calls.'),
  HF8303: code('experiments are under way', 'Wait for them, or end them with `holdfast prove --stop`.', 'later'),
  HF8304: code(
    'outside of the windows of an experiment',
    'Run it in one of its windows, or change `windows`.',
    'later',
  ),
  HF8305: code('nothing to prove', 'Let services opt in with `experiments: allow`, or name other faults and services.'),

  HF8401: code('recorded data not found', 'Give the path of a file or folder, or the address of a Prometheus server.'),
  HF8402: code('recorded data cannot be read', 'Correct the line shown; docs/diagnosis.md lists the formats.'),
  HF8403: code('Prometheus does not answer', 'Check the address, and that it serves /api/v1.', 'later'),
  HF8404: code('too much recorded data', 'Cut the recording to some hours around the incident.'),
  HF8405: code('recorded data do not say enough', 'Add spans, or calls, latency and failures of services over time.'),

  HF9000: code('internal error', 'This is a defect of Holdfast: report it with the log.', 'later'),
} as const satisfies Record<string, ErrorCodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;
