/**
 * Recorded data, whatever it was recorded with: the one input of a diagnosis that needs no running system. Readers
 * (OTLP, Prometheus, CSV, …) fill it; the accounting and every evidence lane read it. Whatever a source does not have
 * is left out or null: each lane then says nothing, and the diagnosis says what would have decided.
 *
 * Time is cut into bins. The incident's bins are common to all its series; normal bins only have to be as long.
 * A series has one value per bin, NaN where nothing was measured.
 */
import type { Ms } from '../../model/time.ts';

export type Series = readonly number[] | Float64Array;

/** How calls went, bin by bin. */
export interface Load {
  /** Calls that ended in the bin, whatever came of them. */
  readonly requests: Series;
  /** Mean time of a call in the bin. */
  readonly latencyMs: Series;
  /** Share of the bin's calls that failed, 0–1. */
  readonly failedShare: Series;
  /** Seconds that calls without any answer have waited in the bin, all together: those are not among its requests. */
  readonly waitedSeconds?: Series;
}

/** What was normal, when it is known already and not to be worked out from bins. */
export interface Norm {
  /** Bins it was learned from. */
  readonly bins: number;
  /** Calls it was learned from, where known: one failure among few calls is news when there were none in thousands. */
  readonly calls?: number;
  /** Median over bins, and its usual deviation upwards as a standard deviation; NaN when never measured. */
  readonly latencyMs: number;
  readonly latencySigmaMs: number;
  readonly failedShare: number;
  readonly failedSigma: number;
}

export interface Measured {
  readonly incident: Load;
  /** Bins from before, with or without a gap to the incident's; null when there are none. */
  readonly normal: Load | Norm | null;
}

export interface Bin {
  readonly fromMs: Ms;
  readonly toMs: Ms;
}

export interface RecordedService extends Measured {
  readonly service: string;
}

/** Calls of one service to another. Any of the two views may be missing, or both: then only that it exists is known. */
export interface RecordedEdge {
  readonly caller: string;
  readonly callee: string;
  /** As the caller saw it: client spans, a proxy at the caller. */
  readonly seen: Measured | null;
  /** As the callee saw the same calls: server spans, a proxy at the callee. */
  readonly answered: Measured | null;
}

export interface RecordedSymptom {
  readonly service: string;
  readonly kind: 'slow' | 'erroring';
  /** Since when, as the alarm says. */
  readonly onsetMs: Ms;
}

export interface RecordedResource {
  readonly service: string;
  readonly instance: string | null;
  /** `cpu`, `memory`, `disk`, `connections`, …: only for people. */
  readonly resource: string;
  /** Same unit as the series; null when unlimited or unknown. */
  readonly limit: number | null;
  /** What happens at the end of it: capacity (the service outgrew it) or hardware (the device failed). */
  readonly class: 'capacity' | 'hardware';
  /** A rise of less than this means nothing, however unusual; 0 where nobody says. */
  readonly dust?: number;
  /** How values are told; plain numbers where nobody says. */
  readonly unit?: 'bytes';
  readonly incident: Series;
  readonly normal: Series | null;
}

/** A process that ended, or what the kernel said about it. */
export interface RecordedExit {
  readonly service: string;
  readonly instance: string | null;
  readonly atMs: Ms;
  readonly reason: 'code' | 'signal' | 'oom' | 'restart' | 'kernel';
  /** `exit 1`, `SIGSEGV`, the kernel's line. */
  readonly detail: string;
}

/** One pattern of log lines of one service, variable parts taken out. */
export interface RecordedTemplate {
  readonly service: string;
  readonly template: string;
  readonly severity: 'debug' | 'info' | 'warning' | 'error' | 'fatal' | null;
  /** Lines per bin. */
  readonly incident: Series;
  readonly normal: Series | null;
}

/** One shape of work of a service: an operation and what it called for it, in order. Counts over the whole window. */
export interface RecordedShape {
  readonly service: string;
  readonly operation: string;
  /** `payments.charge, stock.take`; empty: it called nobody. */
  readonly calls: string;
  readonly incident: number;
  readonly normal: number;
}

/** When a service had no instance that anybody could have called. */
export interface RecordedAway {
  readonly service: string;
  readonly fromMs: Ms;
  readonly toMs: Ms;
}

export interface RecordedChange {
  readonly atMs: Ms;
  readonly services: readonly string[];
  /** `deploy`, `config`, `flag`, `scale`, `restart`, … */
  readonly kind: string;
  /** What is different, line by line; empty: nothing is known of what it did. */
  readonly content: readonly string[];
  readonly id?: string;
  readonly who?: string;
  /** How long before onset it is suspected; half an hour where nobody says. */
  readonly windowMs?: Ms;
  /** What instances of the old and the new revision do, where that can be seen. */
  readonly runs?: RecordedRuns;
}

/** After a change of one service: how those fare that run what it brought, and those that do not yet. */
export interface RecordedRuns {
  /** It brought nothing new of what this service runs. */
  readonly nothingNew: boolean;
  /** It was taken back since the damage began: what ran then can no longer be compared. */
  readonly undone: boolean;
  readonly fresh: number;
  readonly freshFailing: number;
  readonly freshWell: number;
  /** Some failing instance of the new revision has been ready before. */
  readonly freshEverReady: boolean;
  readonly old: number;
  readonly oldFailing: number;
  /** The service as a whole suffers, no instance more than another. */
  readonly diffuse: boolean;
  /** How long the new revision had run well before onset; null: never. */
  readonly ranWellMs: Ms | null;
}

/** What a service shares with others: the machine it runs on, its zone, something all of them use. */
export interface RecordedPlacement {
  readonly service: string;
  readonly kind: 'node' | 'zone' | 'dependency';
  readonly name: string;
}

/** One span of a trace, as most tracers have them. */
export interface RecordedSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly service: string;
  readonly kind: 'client' | 'server' | 'internal';
  readonly operation: string;
  readonly startMs: Ms;
  readonly durationMs: Ms;
  readonly failed: boolean;
  /** client: whom it called, where the tracer knows. */
  readonly peer: string | null;
}

export interface Recording {
  /** The incident's bins, oldest first, some before onset when there are any. */
  readonly bins: readonly Bin[];
  readonly symptom: RecordedSymptom;
  readonly services: readonly RecordedService[];
  readonly edges: readonly RecordedEdge[];
  readonly resources?: readonly RecordedResource[];
  readonly exits?: readonly RecordedExit[];
  readonly templates?: readonly RecordedTemplate[];
  readonly shapes?: readonly RecordedShape[];
  readonly changes?: readonly RecordedChange[];
  readonly placement?: readonly RecordedPlacement[];
  /** When a service had nobody that could be called. */
  readonly away?: readonly RecordedAway[];
  /** Every call is among the edges: none has to be presumed. */
  readonly complete?: boolean;
  /** Nobody recorded who calls whom: the edges are guesses. */
  readonly presumed?: boolean;
}
