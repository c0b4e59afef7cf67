/**
 * Edge windows of the traffic layer to edges of a recording: the caller's view of every call. Services need not be
 * measured by themselves; each suffers what its callers' calls to it did.
 */
import { bucketMidUs } from '../../model/histogram.ts';
import type { EdgeSignal } from '../../model/signal.ts';
import type { Bin, Load, RecordedEdge } from '../recorded/types.ts';

/** Windows count in the bin in which they ended; those in no bin are left out. */
export function fromWindows(
  windows: readonly EdgeSignal[],
  bins: readonly Bin[],
  normalBins: readonly Bin[],
): RecordedEdge[] {
  const byEdge = new Map<string, EdgeSignal[]>();
  for (const window of windows) {
    const key = `${window.caller}\u0000${window.callee}`;
    const of = byEdge.get(key);
    if (of) of.push(window);
    else byEdge.set(key, [window]);
  }
  return [...byEdge].map(([key, of]) => {
    const [caller = '', callee = ''] = key.split('\u0000');
    const normal = normalBins.length === 0 ? null : loadOf(of, normalBins);
    return { caller, callee, seen: { incident: loadOf(of, bins), normal }, answered: null };
  });
}

function loadOf(windows: readonly EdgeSignal[], bins: readonly Bin[]): Load {
  const requests = new Float64Array(bins.length);
  const failed = new Float64Array(bins.length);
  const completed = new Float64Array(bins.length);
  const ms = new Float64Array(bins.length);
  const add = (to: Float64Array, bin: number, value: number): void => {
    to[bin] = (to[bin] as number) + value;
  };
  for (const window of windows) {
    const bin = bins.findIndex(({ fromMs, toMs }) => window.at > fromMs && window.at <= toMs);
    if (bin < 0) continue;
    const { connect, reset, timeout, status5xx, unavailable } = window.failures;
    add(requests, bin, window.requests);
    add(failed, bin, connect + reset + timeout + status5xx + unavailable);
    for (const [bucket, count] of window.latency) {
      add(completed, bin, count);
      add(ms, bin, (count * bucketMidUs(bucket)) / 1_000);
    }
  }
  return {
    requests,
    latencyMs: ms.map((sum, bin) => sum / (completed[bin] as number)),
    failedShare: failed.map((sum, bin) => sum / (requests[bin] as number)),
  };
}
