/** One service: from its tree to the ServiceSpec that everything else reads. */
import type { DependencySpec, ServiceSpec } from '../model/spec.ts';
import { quote } from './check.ts';
import { checkOf } from './checks.ts';
import { unexpanded } from './command.ts';
import { environmentOf, labelsOf, plain } from './environment.ts';
import { checksFor, failoverOf } from './failover.ts';
import { noticeNotHonoured } from './honoured.ts';
import { noticeHostsInCommand, noticeLostValues, noticeOwnPorts } from './lost.ts';
import { autoscaleOf, objectivesOf, recoveryOf } from './own.ts';
import { joinPath } from './paths.ts';
import { logsOf, replicasOf, resourcesOf, restartOf, stopOf, updateOf } from './policies.ts';
import { Ports } from './ports.ts';
import { own, refuseDoubles, type Scope } from './scope.ts';
import { get, textOf } from './tree.ts';

export interface ServiceParts {
  readonly argv: readonly string[];
  readonly dependsOn: readonly DependencySpec[];
  /** Another service waits until this one has ended well. */
  readonly mustComplete: boolean;
}

export function serviceOf(scope: Scope, { argv, dependsOn, mustComplete }: ServiceParts): ServiceSpec {
  const { node, name, problems } = scope;
  refuseDoubles(node, problems);
  const replicas = replicasOf(scope);
  const ports = new Ports(scope);
  const healthcheck = checkOf(get(node, 'healthcheck'), 'healthcheck', scope, ports);
  const readiness = checkOf(own(node, 'readiness'), 'readiness', scope, ports);
  const variables = environmentOf(scope);
  noticeTheUnseen(scope, argv, variables, dependsOn, !ports.isEmpty);
  noticeNotHonoured(scope);
  const portSpecs = ports.finish();
  noticeOwnPorts(scope, argv, healthcheck, portSpecs);
  const environment = plain(variables);
  const failover = failoverOf(scope, portSpecs, environment);
  const spec: ServiceSpec = {
    name,
    replicas,
    run: {
      command: argv,
      environment,
      workingDir: workingDirOf(scope),
      user: userOf(scope),
    },
    ports: portSpecs,
    dependsOn,
    ...(failover ? checksFor(scope, healthcheck, readiness) : { healthcheck, readiness }),
    restart: restartOf(scope, mustComplete),
    resources: resourcesOf(scope),
    stop: stopOf(scope, failover?.engine === 'postgres' ? 'SIGINT' : 'SIGTERM'),
    update: updateOf(scope, replicas, failover !== null),
    recovery: recoveryOf(scope, replicas),
    autoscale: autoscaleOf(scope, replicas),
    failover,
    objectives: objectivesOf(scope),
    logs: logsOf(scope),
    experiments: textOf(own(node, 'experiments')) === 'allow' ? 'allow' : 'refuse',
    labels: labelsOf(scope),
  };
  refuseSharedFixedPort(scope, spec);
  return spec;
}

/** Values and texts that do not reach the program as the file suggests. */
function noticeTheUnseen(
  scope: Scope,
  argv: readonly string[],
  variables: ReturnType<typeof environmentOf>,
  dependsOn: readonly DependencySpec[],
  hasPorts: boolean,
): void {
  const dependencies = new Set(dependsOn.map(({ service }) => service));
  const place = get(scope.node, 'command') ?? get(scope.node, 'entrypoint') ?? scope.place;
  noticeLostValues(scope, variables, dependencies, hasPorts);
  noticeHostsInCommand(scope, argv, place, dependencies);
  for (const variable of unexpanded(argv)) {
    const instead = 'no shell runs it, so the program gets the text; write ["sh", "-c", "exec …"]';
    scope.problems.notice('not-honoured', place, scope.name, `command: $${variable}`, instead);
  }
}

/** Relative to the file that says so; by default the directory of the service's own file. */
function workingDirOf({ node }: Scope): string {
  const at = get(node, 'working_dir');
  return joinPath((at ?? node).origin.dir, textOf(at) ?? '');
}

/** `uid`, `uid:gid`, a name, or nothing. A text of unset variables is nothing. */
function userOf({ node, problems }: Scope): string | null {
  const at = get(node, 'user');
  const text = textOf(at)?.trim() ?? '';
  if (at === undefined || text === '' || text === ':') return null;
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(text))
    problems.error('HF1004', `${quote(text)} is not a user`, at, 'Write a name, "1000" or "1000:1000".');
  return text;
}

/** One port of the machine cannot be listened on twice. */
function refuseSharedFixedPort({ problems, place, name }: Scope, spec: ServiceSpec): void {
  const most = spec.autoscale?.max ?? spec.replicas;
  const fixed = spec.ports.find((port) => port.fixed);
  if (!fixed || most <= 1) return;
  const remedy = 'Let the program listen on PORT and remove `fixed`, or run one replica.';
  problems.error('HF1008', `${most} replicas of ${name} cannot all listen on port ${fixed.target}`, place, remedy);
}
