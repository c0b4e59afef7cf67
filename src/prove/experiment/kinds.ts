/**
 * The faults that an experiment may ask for, with the parameters that each takes. Which there are is known where they
 * are carried out: whoever wires experiments to executors hands in theirs, so that what cannot be injected is refused
 * when the file is read. A parameter list of null leaves the parameters to the executor.
 */

export interface FaultKind {
  readonly what: string;
  readonly parameters: readonly string[] | null;
  /** Over at once: it has no duration and there is nothing to revert but what is left behind. */
  readonly instant: boolean;
}

export type FaultCatalogue = Readonly<Record<string, FaultKind>>;
