/**
 * A notice as an alert of Alertmanager's API v2. An alert is its labels: a page that is said again and its resolution
 * must carry the very same ones. So labels are made only of what cannot change while the incident lasts; what may be
 * understood better later (the cause) is in annotations.
 */
import type { Ms } from '../../model/time.ts';
import type { Notice } from '../contract.ts';
import { causeText } from '../text.ts';

export const ALERT_NAME = 'HoldfastIncident';

/** One alert of POST /api/v2/alerts. */
export interface Alert {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly generatorURL: string;
}

/** A page holds until `holdMs` from `wallMs` (ms since 1970) on, when nobody says it again; a resolution ended at its time. */
export function alertOf(notice: Notice, wallMs: number, holdMs: Ms): Alert {
  const { kind, system, service, services, incident, holdfast, title, summary, cause, link, since, at } = notice;
  const startedMs = Date.parse(since);
  const endsMs = kind === 'page' ? wallMs + holdMs : Date.parse(at);
  return {
    startsAt: since,
    // Alertmanager refuses an end before the start, which a wall clock that was set back would give.
    endsAt: new Date(Math.max(endsMs, startedMs + 1)).toISOString(),
    labels: {
      alertname: ALERT_NAME,
      severity: 'page',
      system,
      ...(service === null ? {} : { service }),
      incident,
      holdfast,
    },
    annotations: {
      summary: title,
      description: summary,
      ...(cause === null ? {} : { cause: causeText(cause), fault_class: cause.faultClass }),
      ...(services.length === 0 ? {} : { services: services.join(', ') }),
    },
    generatorURL: link,
  };
}
