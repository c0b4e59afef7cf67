/** What a checker hands back when a history breaks its model: the rows that show it, and why. */
export interface Evidence {
  /** Rows of the history, in the order of invocation: together they cannot be explained. */
  readonly rows: readonly number[];
  /** The one that no order explains. */
  readonly failed: number;
  readonly why: string;
}
