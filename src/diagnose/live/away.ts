/** When services of the running system had nobody that could be called: by their symptoms, also those that are over. */
import { type Symptom, serviceOf } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import type { RecordedAway } from '../recorded/types.ts';
import { FACTS, type Suspect } from './suspects.ts';

type Span = readonly [fromMs: Ms, toMs: Ms];

export function awayOf(
  history: readonly Symptom[],
  suspects: readonly Suspect[],
  view: SystemView,
  now: Ms,
): RecordedAway[] {
  const services = new Set(history.flatMap(({ entity }) => serviceOf(entity) ?? []));
  const spans = [...services].flatMap((service) =>
    spansOf(service, history, view, now).map(([fromMs, toMs]) => ({ service, fromMs, toMs })),
  );
  return [...spans, ...suspects.flatMap((suspect) => cutOff(suspect, now))];
}

/** No instance could be called: said of the service, or of each of its instances at the same time. */
function spansOf(service: string, history: readonly Symptom[], view: SystemView, now: Ms): Span[] {
  const own = history.filter((symptom) => serviceOf(symptom.entity) === service && FACTS.has(symptom.kind));
  const spanOf = ({ onsetAt, clearedAt }: Symptom): Span => [onsetAt, clearedAt ?? now];
  const whole = own.filter(({ entity }) => entity.kind === 'service').map(spanOf);
  const instances = [...view.instances.values()].filter((instance) => instance.service === service);
  const each = instances.map(({ id }) => own.filter(({ entity }) => entity.name === id).map(spanOf));
  if (each.length === 0) return whole;
  return [...whole, ...each.reduce((a, b) => a.flatMap((one) => b.flatMap((other) => common(one, other))))];
}

function common(a: Span, b: Span): Span[] {
  const both: Span = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
  return both[0] < both[1] ? [both] : [];
}

/** It is there, and no way leads to it. */
function cutOff({ service, ways, instances, onsetAt }: Suspect, now: Ms): RecordedAway[] {
  const all = ways.length > 0 && ways.length === instances.length && ways.every(({ well }) => well.length === 0);
  return all ? [{ service, fromMs: onsetAt, toMs: now }] : [];
}
