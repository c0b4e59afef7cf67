/** Every finding of the audit: how bad it is, why it matters, how it is mended. docs/doctor.md lists them; a test insists. */
import type { Severity } from './contract.ts';

interface Entry {
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

const entry = (severity: Severity, title: string, why: string, fix: string): Entry => ({ severity, title, why, fix });

export const CATALOGUE = {
  'single-instance': entry(
    'high',
    'A service that others need runs once',
    'A crash, a hang or a rollout of this one process is felt by everybody above it, however fast it is restarted.',
    'Run two or more, if it keeps no state of its own.',
  ),
  'shared-dependency': entry(
    'high',
    'One instance behind nearly everything',
    'When it fails nearly all fails at once, and no repair of the others helps.',
    'Run it redundantly, or let callers go on without it (a cache, a default, `required: false`).',
  ),
  'one-node': entry(
    'low',
    'All replicas on one machine',
    'Replicas protect from a process that dies, not from the machine that does.',
    'Know it: keep backups elsewhere, or run the system on several machines.',
  ),
  'no-health-check': entry(
    'high',
    'No health check',
    'A process that hangs looks alive. It is noticed only while it has traffic, or never.',
    'Give it a check that only a working instance passes.',
  ),
  'no-readiness': entry(
    'low',
    'No readiness check beside the liveness check',
    'One check must then mean both "broken, restart it" and "busy, send nothing": an instance that needs a pause is killed.',
    'Say separately when it can take traffic.',
  ),
  'liveness-follows-dependency': entry(
    'high',
    'A liveness check that looks at a dependency',
    'When the dependency fails, every instance of this service fails its check and is restarted too: one fault becomes two.',
    'Let liveness look at the process alone, and readiness at what it needs.',
  ),
  'check-outlasts-interval': entry(
    'medium',
    'A check that may take longer than its interval',
    'The next check waits for the one before, so failures are counted later than the interval promises.',
    'Give it a timeout no longer than its interval.',
  ),
  'check-cannot-fail': entry(
    'high',
    'A check that can never fail',
    'It says "healthy" of a dead service, and everything that relies on it believes that.',
    'Ask the service something that it can only answer when it works.',
  ),
  'check-too-slow': entry(
    'medium',
    'A hang is noticed after more than a minute',
    'interval × retries + timeout is how long users wait before anything is done.',
    'Check more often: a check of a second costs next to nothing.',
  ),
  'tcp-check-on-http': entry(
    'medium',
    'A TCP check on an HTTP service',
    'The kernel accepts connections for a process that hangs; only an answer shows that it works.',
    'Ask over HTTP.',
  ),
  'timeout-chain': entry(
    'high',
    'A caller gives up before its callee does',
    'The caller has failed and perhaps tries again while the callee still works on the first attempt: work without use, most when it is slow.',
    'Let each timeout be longer than the timeout below it times the attempts below it.',
  ),
  'timeout-below-latency': entry(
    'medium',
    'A timeout that ordinary calls exceed',
    'One call in a hundred or more fails by the timeout alone.',
    'Wait longer, or make the callee faster.',
  ),
  'retry-amplification': entry(
    'medium',
    'Retries that multiply along a chain',
    'When the last service fails, each request becomes that many calls to it, just when it can bear the least.',
    'Retry in one place, the one nearest to the user.',
  ),
  'retries-seen': entry(
    'medium',
    'Calls that are often tried again',
    'Retries hide a callee that fails; without them users would see it.',
    'Find out why the first attempt fails.',
  ),
  'dependency-cycle': entry(
    'high',
    'Services that call each other in a circle',
    'Each waits for the other: a slow one slows itself, and none can be started or restarted first.',
    'Break the circle: a queue, an event, or a third service with what both need.',
  ),
  'undeclared-dependency': entry(
    'medium',
    'Calls that the spec does not mention',
    'It is started in the wrong order, and what fails below is not known to be its cause.',
    'Declare it under `depends_on`.',
  ),
  'unused-dependency': entry(
    'low',
    'A declared dependency that is never called',
    'It delays the start, and makes a fault look wider than it is.',
    'Remove it from `depends_on`, if it is not needed for something other than calls.',
  ),
  'starts-before-ready': entry(
    'low',
    'Starts before its dependency can answer',
    '`service_started` waits for a process, not for a service: the first calls fail.',
    'Wait for `service_healthy`.',
  ),
  'unbounded-queue': entry(
    'medium',
    'Nothing bounds what may pile up',
    'Under more load than it can take, requests queue without limit: memory and waiting grow until it dies.',
    'Limit concurrency or the queue in the service, and its memory; or let it scale.',
  ),
  'no-memory-limit': entry(
    'medium',
    'No memory limit',
    'A leak takes the memory of every other service on the machine before the kernel picks a victim.',
    'Give it twice what it needs.',
  ),
  'memory-near-limit': entry(
    'high',
    'Memory close to its limit',
    'The kernel kills it at the limit, without a warning.',
    'Raise the limit, or find what grows.',
  ),
  'grace-below-drain': entry(
    'medium',
    'Killed while it still has requests',
    'After the signal it has less time to end than requests are given to finish, so some are cut off in every rollout.',
    'Give it more time to stop.',
  ),
  'no-restart': entry(
    'medium',
    'Never restarted',
    'When it ends, it stays ended until somebody looks.',
    'Let it be restarted.',
  ),
  'rollout-takes-all': entry(
    'medium',
    'A rollout takes every instance at once',
    'Stopped first and started afterwards, all together: each deploy is an outage.',
    'Change fewer at once, or start the new ones first.',
  ),
  'rollout-goes-on': entry(
    'low',
    'A failed rollout goes on',
    'A bad version replaces the good one everywhere before anybody looks.',
    'Roll back when new instances fail.',
  ),
  'budget-allows-nothing': entry(
    'high',
    'The disruption budget allows nothing',
    'Every repair that takes an instance out is refused: faults are seen and not mended.',
    'Leave room for one.',
  ),
  'budget-allows-everything': entry(
    'medium',
    'The disruption budget allows everything',
    'A wrong diagnosis may take out every instance at once.',
    'Keep at least half.',
  ),
  'recovery-off': entry(
    'low',
    'Nothing is repaired by itself',
    'Each fault waits for a person.',
    'Let reversible actions happen by themselves.',
  ),
  'autoscale-cannot-act': entry(
    'medium',
    'Autoscaling that can never scale',
    'It reads like capacity in reserve, and there is none.',
    'Give it room, and leave to scale.',
  ),
  'objective-without-data': entry(
    'medium',
    'An objective that nothing measures',
    'Without calls through an endpoint there is no data: it is always met, whatever users see.',
    'Publish a port, or let callers depend on the service so that their calls go through its endpoint.',
  ),
  'secret-in-environment': entry(
    'medium',
    'A secret in plain text in the spec',
    'It is in version control, in backups, and in the environment of every child process.',
    'Interpolate it from the environment of the deploying machine, or name a file that holds it (`NAME_FILE`).',
  ),
  unproven: entry(
    'low',
    'No service may be experimented with',
    'Nothing of this has ever been shown to work: detection, diagnosis and repair are hopes until they are tried.',
    'Opt in, where a failure can be borne, and run `holdfast prove --catalogue`.',
  ),
} as const satisfies Record<string, Entry>;

export type FindingId = keyof typeof CATALOGUE;
