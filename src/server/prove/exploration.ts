/** Explore mode over the running system: schedules become experiments, verdicts are told back. */
import type { ProofRequest } from '../../api/proof-resources.ts';
import type { Core } from '../../core/contract.ts';
import type { FaultKindFacts } from '../../model/fault.ts';
import { SETTLE_MS, scheduleExperiment } from '../../prove/catalogue/index.ts';
import { parseExperiment } from '../../prove/experiment/index.ts';
import { Explorer, type Schedule, textOf } from '../../prove/explore/index.ts';
import { catalogueOf, knownKinds } from './catalogue.ts';
import type { Exploration, Order, Proofs } from './proofs.ts';

export function exploration(
  { environment, dryRun }: ProofRequest,
  run: Extract<ProofRequest['run'], { kind: 'explore' }>,
  core: Core,
  proofs: Proofs,
  kinds: readonly FaultKindFacts[],
): Exploration {
  const { cells } = catalogueOf(core, kinds, run);
  const explorer = new Explorer(
    {
      services: [...core.view.services.values()].map(({ name, replicas, dependsOn }) => ({
        name,
        replicas,
        dependsOn: dependsOn.map(({ service }) => service),
      })),
      faults: cells.map(({ kind, service, forMs }) => ({ kind, service, forMs })),
      past: proofs.records.flatMap(({ verdict }) => {
        const [fault] = verdict?.faults ?? [];
        if (verdict?.faults.length !== 1 || !fault) return [];
        return [{ kind: fault.kind, service: fault.service, verdict: verdict.verdict }];
      }),
    },
    run,
  );
  let trying: Schedule | null = null;
  const known = knownKinds(kinds);
  return {
    next(): Order | null {
      trying = explorer.next();
      if (trying === null) return null;
      const { experiment } = parseExperiment(scheduleExperiment(trying, textOf(trying)), { kinds: known });
      const directory = core.spec?.baseDir ?? '/';
      return { experiment, source: `explore, seed ${run.seed}`, directory, environment, dryRun, settleMs: SETTLE_MS };
    },
    tell(verdict): void {
      if (trying !== null) explorer.tell(trying, verdict);
    },
    get discoveries() {
      return explorer.discoveries.map(({ found, smallest }) => ({ found: textOf(found), smallest: textOf(smallest) }));
    },
  };
}
