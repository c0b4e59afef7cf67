/** What happens to it: stops, restarts, rollouts, repairs, objectives, secrets, proofs. */
import type { Facts, Remark } from '../contract.ts';
import { inService, isJob, isPublished, listed } from '../facts.ts';
import { seconds } from './health.ts';

const SECRET = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)$/i;
const URL_SECRET = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i;

export function stopping({ services }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, stop, ports } = service;
    if (ports.length === 0 || stop.graceMs >= stop.drainMs) return [];
    const sentence = `${name} has ${seconds(stop.graceMs)} to end after its signal, requests have ${seconds(stop.drainMs)} to finish before it.`;
    const snippet = inService(name, `stop_grace_period: ${seconds(2 * stop.drainMs)}`);
    return [
      {
        id: 'grace-below-drain',
        service: name,
        sentence,
        key: 'stop_grace_period',
        snippet,
        fault: { kind: 'signal', service: name, parameters: { signal: 'SIGTERM' } },
      },
    ];
  });
}

export function restarting({ services }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    if (isJob(service) || service.restart.condition !== 'none') return [];
    const { name } = service;
    return [
      {
        id: 'no-restart',
        service: name,
        sentence: `${name} is not restarted when it ends.`,
        key: 'restart',
        snippet: inService(name, 'restart: unless-stopped'),
        fault: { kind: 'kill', service: name },
      },
    ];
  });
}

export function rollouts({ services }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name, replicas, update } = service;
    if (isJob(service)) return [];
    const found: Remark[] = [];
    if (replicas > 1 && update.parallelism >= replicas && update.order === 'stop-first') {
      const sentence = `A rollout of ${name} stops all ${replicas} instances at once.`;
      found.push({
        id: 'rollout-takes-all',
        service: name,
        sentence,
        key: 'deploy',
        snippet: inService(name, 'deploy: { update_config: { parallelism: 1 } }'),
        fault: null,
      });
    }
    if (update.failureAction === 'continue') {
      const snippet = inService(name, 'deploy: { update_config: { failure_action: rollback } }');
      found.push({
        id: 'rollout-goes-on',
        service: name,
        sentence: `A rollout of ${name} goes on when new instances fail.`,
        key: 'deploy',
        snippet,
        fault: null,
      });
    }
    return found;
  });
}

export function disruption({ spec, services }: Facts): Remark[] {
  const instances = services.reduce((sum, { replicas }) => sum + replicas, 0);
  const { maxDisruption, mode } = spec.policy;
  const found: Remark[] = [];
  if (maxDisruption < 1)
    found.push({
      id: 'budget-allows-nothing',
      service: null,
      sentence: 'policy.max_disruption is 0: nothing may ever be taken out.',
      snippet: 'policy: { max_disruption: 1 }',
      fault: null,
    });
  else if (instances > 1 && maxDisruption >= instances) {
    const sentence = `policy.max_disruption is ${maxDisruption}, and there are ${instances} instances.`;
    found.push({
      id: 'budget-allows-everything',
      service: null,
      sentence,
      snippet: 'policy: { max_disruption: 50% }',
      fault: null,
    });
  }
  if (mode === 'observe')
    found.push({
      id: 'recovery-off',
      service: null,
      sentence: 'policy.mode is observe: nothing of this system is repaired by itself.',
      snippet: 'policy: { mode: auto }',
      fault: null,
    });
  for (const service of services) {
    const { name, replicas, recovery } = service;
    if (isJob(service)) continue;
    const fault = { kind: 'pause', service: name, for: '20s' };
    if (replicas > 0 && recovery.minAvailable >= replicas) {
      const sentence = `${recovery.minAvailable} of the ${replicas} instances of ${name} must stay: none may be repaired.`;
      found.push({
        id: 'budget-allows-nothing',
        service: name,
        sentence,
        key: 'recovery',
        snippet: inService(name, `recovery: { min_available: ${replicas - 1} }`),
        fault,
      });
    } else if (replicas > 1 && recovery.minAvailable === 0) {
      const sentence = `All ${replicas} instances of ${name} may be taken out at once.`;
      found.push({
        id: 'budget-allows-everything',
        service: name,
        sentence,
        key: 'recovery',
        snippet: inService(name, `recovery: { min_available: ${Math.ceil(replicas / 2)} }`),
        fault: { ...fault, select: 'all' },
      });
    }
    if (recovery.mode === 'observe' || recovery.allow.length === 0)
      found.push({
        id: 'recovery-off',
        service: name,
        sentence: `${name} is not repaired by itself.`,
        key: 'recovery',
        fault,
      });
  }
  return found;
}

export function objectives({ services, callers, observed }: Facts): Remark[] {
  return services.flatMap((service): Remark[] => {
    const { name } = service;
    if (service.objectives.length === 0) return [];
    const reached = service.ports.length > 0 && (isPublished(service) || (callers.get(name)?.size ?? 0) > 0);
    const seen = observed === null || observed.edges.some(({ callee, requests }) => callee === name && requests > 0);
    if (reached && seen) return [];
    const names = listed(service.objectives.map((objective) => objective.name));
    const why =
      service.ports.length === 0
        ? 'it has no port'
        : reached
          ? 'nobody has called it yet'
          : 'nobody calls it through an endpoint';
    const severity = reached ? 'low' : 'medium';
    return [
      {
        id: 'objective-without-data',
        service: name,
        sentence: `Nothing measures ${names} of ${name}: ${why}.`,
        severity,
        key: 'objectives',
        fault: null,
      },
    ];
  });
}

export function secrets({ services, position }: Facts): Remark[] {
  // What runs has its secrets from wherever they came: only a file can hold them in plain text.
  if (position === null) return [];
  return services.flatMap(({ name, run }): Remark[] => {
    const plain = Object.entries(run.environment).flatMap(([key, value]) =>
      (SECRET.test(key) && value !== '' && !/^(\/run\/secrets\/|\$)/.test(value)) || URL_SECRET.test(value)
        ? [key]
        : [],
    );
    if (plain.length === 0) return [];
    const sentence = `${name} has ${listed(plain.sort())} in its environment.`;
    const snippet = inService(name, 'environment:', ...plain.slice(0, 3).map((key) => `  ${key}: \${${key}}`));
    return [{ id: 'secret-in-environment', service: name, sentence, key: 'environment', snippet, fault: null }];
  });
}

export function unproven({ services }: Facts): Remark[] {
  if (services.length === 0 || services.some(({ experiments }) => experiments === 'allow')) return [];
  const [first] = services;
  const snippet = inService(first?.name ?? '', 'x-holdfast: { experiments: allow }');
  return [
    {
      id: 'unproven',
      service: null,
      sentence: 'No service opted in to experiments: no repair has been tried.',
      snippet,
      fault: null,
    },
  ];
}
