/** What the pure catalogue has to know of the running system and of this machine. */
import type { Core } from '../../core/contract.ts';
import type { FaultKindFacts } from '../../model/fault.ts';
import { catalogue, type ServiceFacts } from '../../prove/catalogue/index.ts';
import type { FaultCatalogue } from '../../prove/experiment/index.ts';

export function knownKinds(kinds: readonly FaultKindFacts[]): FaultCatalogue {
  return Object.fromEntries(
    kinds.map(({ kind, what, parameters, instant, targets }) => [
      kind,
      { what, instant, parameters: [...Object.keys(parameters), ...(targets.includes('directory') ? ['path'] : [])] },
    ]),
  );
}

export function closedServices(core: Core): readonly string[] {
  return [...core.view.services.values()].filter(({ experiments }) => experiments !== 'allow').map(({ name }) => name);
}

export function catalogueOf(
  core: Core,
  kinds: readonly FaultKindFacts[],
  options: Parameters<typeof catalogue>[3],
): ReturnType<typeof catalogue> {
  const services = [...core.view.services.values()];
  const facts = services
    .filter(({ experiments }) => experiments === 'allow')
    .map(
      ({ name, replicas, ports }): ServiceFacts => ({
        name,
        replicas,
        hasPort: ports.length > 0,
        speaksHttp: ports[0]?.protocol === 'http',
        callers: services
          .filter(({ dependsOn }) => dependsOn.some(({ service }) => service === name))
          .map((one) => one.name),
      }),
    );
  return catalogue(facts, closedServices(core), kinds, options);
}
