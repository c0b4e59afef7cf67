/**
 * What spans and logs tell of processes without anybody having watched them: an instance that speaks for the first time
 * after onset was started then; a service that is called and says nothing any more, or that refuses connections, is
 * down.
 */
import type { RecordedExit, RecordedSpan } from '../../diagnose/recorded/types.ts';
import type { ReadLog, ReadSpan } from '../contract.ts';

/** Calls after onset that must have gone unanswered before silence is believed. */
const UNANSWERED = 5;
/** An instance must have had this many spans or lines before, for its silence to mean something. */
const SPOKEN = 10;
const REFUSED =
  /connection refused|ECONNREFUSED|no healthy upstream|connect: refused|connection reset by peer|ECONNRESET|no endpoints available/i;

export interface Onset {
  readonly fromMs: number;
  readonly onsetMs: number;
  readonly toMs: number;
}

export function livesOf(
  read: readonly ReadSpan[],
  mended: readonly RecordedSpan[],
  logs: readonly ReadLog[],
  onset: Onset,
): RecordedExit[] {
  return [...silent(read, mended, logs, onset), ...restarted(read, logs, onset)];
}

interface Voice {
  before: number;
  after: number;
  lastMs: number;
}

function silent(
  read: readonly ReadSpan[],
  mended: readonly RecordedSpan[],
  logs: readonly ReadLog[],
  onset: Onset,
): RecordedExit[] {
  const voices = new Map<string, Voice>();
  // Onset is known to a bin; what was under way may still be told.
  const graceMs = 0.1 * (onset.toMs - onset.onsetMs);
  const hear = (service: string, atMs: number): void => {
    const voice = voices.get(service) ?? { before: 0, after: 0, lastMs: 0 };
    if (atMs < onset.onsetMs) voice.before++;
    else if (atMs > onset.onsetMs + graceMs) voice.after++;
    voice.lastMs = Math.max(voice.lastMs, atMs);
    voices.set(service, voice);
  };
  for (const { service, startMs } of mended) hear(service, startMs);
  for (const { service, atMs } of logs) if (service !== '') hear(service, atMs);
  const refused = new Map<string, number>();
  const failing = new Map<string, number>();
  const words = new Map(read.map((span) => [`${span.trace}/${span.id}`, span.message]));
  for (const { kind, peer, startMs, failed, trace, id } of mended) {
    if (kind !== 'client' || peer === null || !failed || startMs < onset.onsetMs) continue;
    failing.set(peer, (failing.get(peer) ?? 0) + 1);
    if (REFUSED.test(words.get(`${trace}/${id}`) ?? '')) refused.set(peer, (refused.get(peer) ?? 0) + 1);
  }
  const found: RecordedExit[] = [];
  for (const [service, count] of failing) {
    const voice = voices.get(service);
    const quiet = voice !== undefined && voice.before >= SPOKEN && voice.after === 0;
    const told = refused.get(service) ?? 0;
    if (count < UNANSWERED || (!quiet && told < count / 2)) continue;
    const detail = quiet ? `has said nothing since, although called ${count} times` : `refused ${told} connections`;
    found.push({ service, instance: null, atMs: onset.onsetMs, reason: 'code', detail });
  }
  return found;
}

function restarted(read: readonly ReadSpan[], logs: readonly ReadLog[], onset: Onset): RecordedExit[] {
  const instances = new Map<string, Map<string, { firstMs: number; lastMs: number; count: number }>>();
  const note = (service: string, instance: string | null, atMs: number): void => {
    if (instance === null || service === '') return;
    const of = instances.get(service) ?? new Map<string, { firstMs: number; lastMs: number; count: number }>();
    instances.set(service, of);
    const known = of.get(instance) ?? { firstMs: atMs, lastMs: atMs, count: 0 };
    of.set(instance, {
      firstMs: Math.min(known.firstMs, atMs),
      lastMs: Math.max(known.lastMs, atMs),
      count: known.count + 1,
    });
  };
  for (const { service, instance, startMs } of read) note(service, instance, startMs);
  for (const { service, instance, atMs } of logs) note(service, instance, atMs);
  const slackMs = 0.2 * (onset.toMs - onset.onsetMs);
  const found: RecordedExit[] = [];
  for (const [service, of] of instances) {
    const gone = [...of].filter(
      ([, { lastMs, count }]) => count >= SPOKEN && Math.abs(lastMs - onset.onsetMs) <= slackMs,
    );
    for (const [instance, { firstMs }] of of) {
      if (firstMs < onset.onsetMs - slackMs || firstMs > onset.toMs || gone.length === 0 || of.size > 50) continue;
      found.push({ service, instance, atMs: firstMs, reason: 'restart', detail: `took the place of ${gone[0]?.[0]}` });
      break;
    }
  }
  return found;
}
