/**
 * Judgements of others (Nagios plugins, service checks of DogStatsD, alerts of an Alertmanager) as claims: taken at
 * their word as remarks, until they say that all is well again or fall silent.
 */
import type { Candidate } from '../../detect/telemetry/gate.ts';
import type { EntityRef } from '../../model/symptom.ts';
import type { CheckReport } from '../../model/telemetry.ts';
import type { Ms } from '../../model/time.ts';
import type { Residents } from './residents.ts';

/** A check that is not repeated for so long has nothing to say any more. */
const SILENT_MS = 600_000;
/** Alertmanagers repeat an alert every four hours by default, and say when it is over. */
const ALERT_SILENT_MS = 5 * 3_600_000;
/** Checks that are ill at once; more tell nobody more. */
const MAX_KEPT = 1_000;

interface Kept {
  readonly entity: EntityRef;
  readonly report: CheckReport;
  readonly sinceMs: number;
  readonly silentMs: number;
}

export class CheckReports {
  readonly #residents: Residents;
  readonly #ill = new Map<string, Kept>();

  constructor(residents: Residents) {
    this.#residents = residents;
  }

  take(report: CheckReport, protocol: string): void {
    const { subject, check, labels, state } = report;
    const service = labels.service ?? labels.job ?? subject;
    const entity = this.#residents.find(service, labels.instance ?? subject) ?? this.#residents.find(subject, null);
    if (!entity) return;
    const key = `${entity.kind}/${entity.name} ${check}`;
    const known = this.#ill.get(key);
    if (state === 'ok') this.#ill.delete(key);
    else if (known || this.#ill.size < MAX_KEPT) {
      const silentMs = protocol === 'alertmanager' ? ALERT_SILENT_MS : SILENT_MS;
      this.#ill.set(key, { entity, report, sinceMs: known?.sinceMs ?? report.wallMs, silentMs });
    }
  }

  candidates(nowMs: number, toMs: (wallMs: number) => Ms): Candidate[] {
    const found: Candidate[] = [];
    for (const [key, { entity, report, sinceMs, silentMs }] of this.#ill) {
      if (nowMs - report.wallMs > silentMs) {
        this.#ill.delete(key);
        continue;
      }
      const { check, state, text } = report;
      const claim = {
        kind: 'anomalous',
        entity,
        resource: `check.${check}`,
        onsetAt: toMs(sinceMs),
        logP: null,
        summary: `${entity.name}: ${check} is ${state}`,
        evidence: text === '' ? [] : [text.slice(0, 500)],
        standing: 'advisory',
      } as const;
      found.push({ claim, looksPerDay: 0 });
    }
    return found;
  }
}
