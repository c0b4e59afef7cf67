/**
 * `holdfast diagnose --from`: recorded files, or a Prometheus server, to a diagnosis. Nothing runs, nothing is kept,
 * nothing is sent anywhere. What comes out is plain JSON; the CLI prints it or draws it.
 */
import { diagnoseRecording, type RecordedCause, type RecordedDiagnosis } from '../diagnose/combine.ts';
import { accountTable, sentence, unexplainedShare, victimsOf } from '../diagnose/present.ts';
import type { Recording } from '../diagnose/recorded/types.ts';
import { sensitivityOf } from '../diagnose/sensitivity.ts';
import { assemble, type Wanted } from './assemble/recording.ts';
import type { Gathered } from './contract.ts';
import { Collector } from './read/collector.ts';
import { readPath } from './read/files.ts';
import { type PrometheusRange, readPrometheus } from './read/prometheus.ts';

export interface RecordedRequest {
  /** Files, folders, or the address of a Prometheus server. All of them together are one recording. */
  readonly from: readonly string[];
  /** What was normal, from other files; empty: what lies before the incident. */
  readonly normal: readonly string[];
  readonly wanted: Wanted;
  /** For a Prometheus server. */
  readonly range: PrometheusRange;
}

export interface RecordedReport {
  readonly sentence: string;
  readonly inconclusive: boolean;
  readonly symptom: {
    readonly service: string;
    readonly kind: 'slow' | 'erroring';
    readonly onsetAt: string;
    readonly found: boolean;
    /** The file among the data that said so; null: none did, or who asked said it. */
    readonly onsetFile: string | null;
  };
  readonly window: {
    readonly fromAt: string;
    readonly toAt: string;
    readonly binMs: number;
    readonly normalBins: number;
  };
  readonly account: {
    readonly unit: string;
    readonly rows: readonly { readonly where: string; readonly suffered: number; readonly own: number }[];
    readonly small: number;
    readonly absorbed: number;
    readonly reached: number;
    readonly unexplainedShare: number;
  };
  readonly causes: readonly ReportedCause[];
  readonly victims: readonly string[];
  /** Who calls whom, from the symptom's service down to where damage starts. */
  readonly propagation: PropagationNode;
  readonly missing: readonly string[];
  readonly sensitivity: {
    readonly tried: number;
    readonly robustness: number;
    readonly overturned: readonly {
      readonly without: string;
      readonly name: string;
      readonly instead: string | null;
    }[];
  };
  readonly read: readonly string[];
}

export interface ReportedCause {
  readonly kind: string;
  readonly name: string;
  readonly faultClass: string;
  readonly mechanism: string;
  readonly confidence: number;
  readonly evidenceFor: readonly { readonly text: string; readonly weight: number }[];
  readonly evidenceAgainst: readonly { readonly text: string; readonly weight: number }[];
}

export interface PropagationNode {
  readonly service: string;
  readonly suffered: number;
  readonly own: number;
  readonly callees: readonly PropagationNode[];
}

/** Causes told; more are noise. */
const SHOWN = 5;
/** Calls that carry less than this of what the symptom's service suffered are no way of the damage. */
const CARRIES = 0.03;
const DEEPEST = 12;

export async function diagnoseRecorded(request: RecordedRequest): Promise<RecordedReport> {
  const gathered = await gather(request.from, request.range);
  const past = request.normal.length === 0 ? null : await gather(request.normal, request.range);
  return reportOf(gathered, past, request.wanted);
}

export function reportOf(gathered: Gathered, past: Gathered | null, wanted: Wanted): RecordedReport {
  const { recording, binMs, found, onsetFile, notes } = assemble(gathered, past, wanted);
  const diagnosis = diagnoseRecording(recording);
  const table = accountTable(diagnosis);
  const { symptom, bins } = recording;
  return {
    sentence: sentence(diagnosis),
    inconclusive: diagnosis.abstained,
    symptom: { service: symptom.service, kind: symptom.kind, onsetAt: iso(symptom.onsetMs), found, onsetFile },
    window: {
      fromAt: iso(bins[0]?.fromMs ?? symptom.onsetMs),
      toAt: iso(bins.at(-1)?.toMs ?? symptom.onsetMs),
      binMs,
      normalBins: normalBinsOf(recording),
    },
    account: { ...table, unexplainedShare: unexplainedShare(diagnosis) },
    causes: diagnosis.causes.slice(0, SHOWN).map(causeOf),
    victims: diagnosis.abstained ? [] : victimsOf(diagnosis),
    propagation: propagationOf(diagnosis),
    missing: diagnosis.missing,
    sensitivity: sensitivityOf(recording, diagnosis),
    read: [...gathered.notes, ...(past?.notes ?? []).map((note) => `normal: ${note}`), ...notes],
  };
}

async function gather(sources: readonly string[], range: PrometheusRange): Promise<Gathered> {
  const collector = new Collector();
  for (const source of sources) {
    if (/^https?:\/\//i.test(source)) await readPrometheus(source, range, collector);
    else readPath(source, collector);
  }
  return collector.finish();
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function normalBinsOf({ services }: Recording): number {
  return Math.max(
    0,
    ...services.map(({ normal }) => (normal === null ? 0 : 'bins' in normal ? normal.bins : normal.requests.length)),
  );
}

function causeOf({
  kind,
  name,
  faultClass,
  mechanism,
  confidence,
  evidenceFor,
  evidenceAgainst,
}: RecordedCause): ReportedCause {
  const told = ({ text, weight }: { text: string; weight: number }): { text: string; weight: number } => ({
    text,
    weight: round(weight),
  });
  return {
    kind,
    name,
    faultClass,
    mechanism,
    confidence: round(confidence),
    evidenceFor: evidenceFor.map(told),
    evidenceAgainst: evidenceAgainst.map(told),
  };
}

function propagationOf({ accounts, unit }: RecordedDiagnosis): PropagationNode {
  const { graph, ledgers, symptom } = accounts;
  const { excess, own, passed } = ledgers[unit];
  const least = CARRIES * Math.max(...excess, 1e-9);
  const node = (at: number, way: ReadonlySet<number>): PropagationNode => {
    const below = [...(graph.out[at] as readonly number[])]
      .filter((edge) => (passed[edge] as number) > least && !way.has(graph.callee[edge] as number))
      .sort((a, b) => (passed[b] as number) - (passed[a] as number));
    return {
      service: graph.names[at] as string,
      suffered: round(excess[at] as number),
      own: round(own[at] as number),
      callees:
        way.size >= DEEPEST
          ? []
          : below.map((edge) => node(graph.callee[edge] as number, new Set([...way, graph.callee[edge] as number]))),
    };
  };
  return node(symptom, new Set([symptom]));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
