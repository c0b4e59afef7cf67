/**
 * Resources at their end, or used as never before. Saturation explains slowness; a rise alone may follow from more
 * calls, so it is compared with the rise of the calls. What many services show at once singles out nobody: each one's
 * weight is scaled by its part of all rises.
 *
 *   saturated : ≥ SATURATED of the limit, and not so in normal times
 *   rise      : log2(usage ÷ most) − log2(calls ÷ normal calls), when beyond RISE_SIGMA deviations
 *   most      = the largest of the same statistic over stretches of the past (as long, where there is as much): what bursts,
 *               wanders or follows the load of the day has been as high before
 */
import { isNorm, MAD_TO_SIGMA, mad, median } from '../recorded/norm.ts';
import type { RecordedResource } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

const SATURATED = 0.9;
const RISE_SIGMA = 4;
/** σ is at least this part of the normal level. */
const FLOOR_SHARE = 0.05;
/** Doublings beyond which more says no more. */
const MOST_RISE = 3;
const MEGA = 1_000_000;
/** rise: where every call is measured the accounts know most; else a rise that nothing else explains says more. */
const WEIGHT = { saturated: 1.2, rise: 0.9, riseAlone: 1.6, normal: -0.2 };
/** Rises are compared by their squares: a hundred series that jitter do not outvote one that has doubled. */
const CONTRAST = 2;

interface Finding {
  readonly resource: RecordedResource;
  readonly saturated: boolean;
  /** In doublings, beyond what the calls explain; 0: nothing unusual. */
  readonly rise: number;
  readonly text: string;
}

export const resources: Lane = {
  name: 'resources',
  cap: 1.6,
  examine(context) {
    const recorded = context.recording.resources ?? [];
    if (recorded.length === 0) return { evidence: [], missing: 'resource use per service (CPU, memory, disk, …)' };
    const findings = recorded.map((resource) => examineOne(resource, context));
    const strength = ({ saturated, rise }: Finding): number => (saturated ? 2 : 0) + Math.min(MOST_RISE, rise);
    const byService = new Map<string, Finding>();
    for (const finding of findings) {
      const known = byService.get(finding.resource.service);
      if (!known || strength(finding) > strength(known)) byService.set(finding.resource.service, finding);
    }
    const all = [...byService.values()].reduce((sum, finding) => sum + strength(finding) ** CONTRAST, 0);
    const rising = context.accounts.complete ? WEIGHT.rise : WEIGHT.riseAlone;
    const evidence = [...byService].map(([service, finding]) => {
      const { resource, saturated, rise } = finding;
      if (strength(finding) === 0)
        return ofService(service, `resources of ${service} as usual`, {
          weight: WEIGHT.normal,
          faultClass: 'capacity',
        });
      const part = strength(finding) ** CONTRAST / all;
      const weight = part * (saturated ? WEIGHT.saturated : rising * Math.min(1, rise));
      const mechanism = saturated ? `${resource.resource} exhausted` : `unusual ${resource.resource}`;
      return ofService(service, finding.text, { weight, faultClass: resource.class, mechanism });
    });
    return { evidence, missing: null };
  },
};

function examineOne(resource: RecordedResource, { accounts, recording }: LaneContext): Finding {
  const { beforeTo, end } = accounts.windows;
  const series = Array.from(resource.incident);
  const now = upperMiddle(series.slice(beforeTo, end));
  const past = resource.normal === null ? series.slice(0, beforeTo) : Array.from(resource.normal);
  const usual = median(past);
  const name = `${resource.resource} of ${resource.instance ?? resource.service}`;
  const saturated =
    resource.limit !== null && now >= SATURATED * resource.limit && !(usual >= SATURATED * resource.limit);
  const sigma = Math.max(
    MAD_TO_SIGMA * (mad(past) || 0),
    FLOOR_SHARE * Math.abs(usual),
    FLOOR_SHARE * Math.abs(upperMiddle(past) || 0),
  );
  const away = sigma > 0 ? (now - usual) / sigma : now > usual ? Number.POSITIVE_INFINITY : 0;
  const unusual = away >= RISE_SIGMA && now - usual >= (resource.dust ?? 0);
  // Where every call is measured they say what of a rise is load; else the past must.
  const before = accounts.complete ? usual : mostBefore(past, end - beforeTo);
  const most = Math.max(usual, sigma, before);
  // What was never used at all has no doublings: it is as if it had risen as far as counts.
  const doublings = most > 0 ? Math.log2(now / most) : MOST_RISE;
  const rise = unusual ? Math.max(0, doublings - callsRise(recording, resource, accounts.windows)) : 0;
  const say = (value: number): string => (resource.unit === 'bytes' ? `${short(value / MEGA)} MB` : short(value));
  const of = resource.limit === null ? '' : ` of ${say(resource.limit)}`;
  return { resource, saturated, rise, text: `${name} at ${say(now)}${of}, usually ${say(usual)}` };
}

/** The past must hold so many stretches at least: where it is short they are shorter, and jitter more. */
const STRETCHES = 4;
const FEWEST_IN_STRETCH = 3;

/** The largest that stretches of the past of that many bins have come to; −∞ when it is too short to tell. */
function mostBefore(past: readonly number[], incidentBins: number): number {
  let most = Number.NEGATIVE_INFINITY;
  const bins = Math.min(incidentBins, Math.floor(past.length / STRETCHES));
  if (bins < FEWEST_IN_STRETCH) return most;
  const step = Math.max(1, bins >> 1);
  for (let from = 0; from + bins <= past.length; from += step) {
    const one = upperMiddle(past.slice(from, from + bins));
    if (one > most) most = one;
  }
  return most;
}

/** Doublings of the calls, at least 0: fewer calls excuse nothing. */
function callsRise(
  { services }: LaneContext['recording'],
  { service }: RecordedResource,
  { beforeTo, end }: LaneContext['accounts']['windows'],
): number {
  const load = services.find((each) => each.service === service);
  if (!load) return 0;
  const requests = Array.from(load.incident.requests);
  const past =
    load.normal === null || isNorm(load.normal) ? requests.slice(0, beforeTo) : Array.from(load.normal.requests);
  const ratio = median(requests.slice(beforeTo, end)) / median(past);
  return Number.isFinite(ratio) && ratio > 1 ? Math.log2(ratio) : 0;
}

/** The upper quartile: a resource that is exhausted half of the time is exhausted. */
function upperMiddle(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[Math.floor(0.75 * (sorted.length - 1))] ?? Number.NaN;
}

function short(value: number): string {
  return Number.isNaN(value) ? 'unknown' : Number(value.toPrecision(3)).toString();
}
