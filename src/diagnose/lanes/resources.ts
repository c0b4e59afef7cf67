/**
 * Resources at their end, or used as never before. Saturation explains slowness; a rise alone may follow from more
 * calls, so it is compared with the rise of the calls. What many services show at once singles out nobody: each one's
 * weight is scaled by its part of all rises.
 *
 *   saturated : ≥ SATURATED of the limit, and not so in normal times
 *   rise      : log2(usage ÷ normal) − log2(calls ÷ normal calls), when beyond RISE_SIGMA deviations
 */
import { isNorm, MAD_TO_SIGMA, mad, median } from '../recorded/norm.ts';
import type { RecordedResource } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

const SATURATED = 0.9;
const RISE_SIGMA = 4;
/** σ is at least this part of the normal level. */
const FLOOR_SHARE = 0.05;
const MEGA = 1_000_000;
const WEIGHT = { saturated: 1.2, rise: 0.9, normal: -0.2 };

interface Finding {
  readonly resource: RecordedResource;
  readonly saturated: boolean;
  /** In doublings, beyond what the calls explain; 0: nothing unusual. */
  readonly rise: number;
  readonly text: string;
}

export const resources: Lane = {
  name: 'resources',
  cap: 1.3,
  examine(context) {
    const recorded = context.recording.resources ?? [];
    if (recorded.length === 0) return { evidence: [], missing: 'resource use per service (CPU, memory, disk, …)' };
    const findings = recorded.map((resource) => examineOne(resource, context));
    const strength = ({ saturated, rise }: Finding): number => (saturated ? 2 : 0) + Math.min(3, rise);
    const all = findings.reduce((sum, finding) => sum + strength(finding), 0);
    const byService = new Map<string, Finding>();
    for (const finding of findings) {
      const known = byService.get(finding.resource.service);
      if (!known || strength(finding) > strength(known)) byService.set(finding.resource.service, finding);
    }
    const evidence = [...byService].map(([service, finding]) => {
      const { resource, saturated, rise } = finding;
      if (strength(finding) === 0)
        return ofService(service, `resources of ${service} as usual`, {
          weight: WEIGHT.normal,
          faultClass: 'capacity',
        });
      const part = strength(finding) / all;
      const weight = part * (saturated ? WEIGHT.saturated : WEIGHT.rise * Math.min(1, rise));
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
  const sigma = Math.max(MAD_TO_SIGMA * (mad(past) || 0), FLOOR_SHARE * Math.abs(usual));
  const unusual = sigma > 0 && (now - usual) / sigma >= RISE_SIGMA && now - usual >= (resource.dust ?? 0);
  const rise =
    unusual && usual > 0 ? Math.max(0, Math.log2(now / usual) - callsRise(recording, resource, accounts.windows)) : 0;
  const say = (value: number): string => (resource.unit === 'bytes' ? `${short(value / MEGA)} MB` : short(value));
  const of = resource.limit === null ? '' : ` of ${say(resource.limit)}`;
  return { resource, saturated, rise, text: `${name} at ${say(now)}${of}, usually ${say(usual)}` };
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
