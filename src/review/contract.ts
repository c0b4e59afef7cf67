/**
 * The structural audit: what will break this system, or keep it from being repaired, before it happens. Pure: it looks
 * at the spec and, where a system runs, at what was seen of it. Nothing here judges an incident.
 *
 * A rule is a function from Facts to findings; which findings there are is the catalogue in catalogue.ts. Each names
 * the experiment that would prove it, in the words of `holdfast prove`.
 */
import type { SourcePosition } from '../model/errors.ts';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import type { FindingId } from './catalogue.ts';

export type Severity = 'high' | 'medium' | 'low';

export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  /** null: it is about the system. */
  readonly service: string | null;
  readonly sentence: string;
  readonly why: string;
  readonly fix: string;
  /** Lines for the spec; '' when nothing of the spec mends it. */
  readonly snippet: string;
  /** null: audited without a file. */
  readonly at: SourcePosition | null;
  /** A file for `holdfast prove`; null where no fault would show it. */
  readonly experiment: ExperimentFile | null;
}

/** What a rule says; the catalogue adds the rest. */
export interface Remark {
  readonly id: FindingId;
  readonly service: string | null;
  readonly sentence: string;
  /** Key of the service in the spec that the place is taken from. */
  readonly key?: string;
  /** Instead of the catalogue's. */
  readonly severity?: Severity;
  readonly fix?: string;
  readonly snippet?: string;
  readonly fault?: Fault | null;
}

export interface Fault {
  readonly kind: string;
  readonly service: string;
  readonly select?: 'one' | 'all';
  readonly for?: string;
  readonly parameters?: Readonly<Record<string, string | number>>;
}

/** As JSON or YAML it is an experiment. */
export interface ExperimentFile {
  readonly title: string;
  readonly description: string;
  readonly method: readonly object[];
  readonly 'steady-state-hypothesis': object;
  readonly 'x-holdfast'?: object;
}

/** What was seen of calls, of a running system. */
export interface ObservedEdge {
  readonly caller: string;
  readonly callee: string;
  readonly requests: number;
  readonly retried: number;
  readonly p99Ms: Ms | null;
}

export interface Observed {
  readonly edges: readonly ObservedEdge[];
  /** Most memory of any instance in the window, by service. */
  readonly memoryBytes: ReadonlyMap<string, number>;
  /** Nodes that run instances of a service. */
  readonly nodes: ReadonlyMap<string, readonly string[]>;
}

export interface AuditInput {
  readonly spec: SystemSpec;
  /** null: nothing runs. */
  readonly observed: Observed | null;
  /** null: no file. */
  readonly position: ((service: string, key: string) => SourcePosition) | null;
}

export interface Facts extends AuditInput {
  readonly services: readonly ServiceSpec[];
  /** caller → callees: declared, and seen where a system runs. */
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>;
  readonly callers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Everybody who needs a service, directly or not. */
  readonly needing: ReadonlyMap<string, readonly string[]>;
}

export type Rule = (facts: Facts) => readonly Remark[];
