/**
 * Errors as a part of the product: a stable code, what went wrong, what to do about it, and whether trying again
 * can help. The catalogue in error-codes.ts is the only place where codes are minted; a test holds the docs to it.
 */
import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

/** never: the same call fails again; later: the world may change; now: safe to repeat at once. */
export type Retry = 'never' | 'later' | 'now';

export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ErrorDetails {
  /** What to do; overrides the catalogue's general remedy. */
  readonly remedy?: string;
  readonly at?: SourcePosition;
  readonly cause?: unknown;
  /** Further problems of the same kind (a spec lists all of its errors at once). */
  readonly others?: readonly HoldfastError[];
}

export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly retry: Retry;
  readonly at: SourcePosition | undefined;
  readonly others: readonly HoldfastError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HoldfastError';
    this.code = code;
    this.remedy = details.remedy ?? ERROR_CODES[code].remedy;
    this.retry = ERROR_CODES[code].retry;
    this.at = details.at;
    this.others = details.others ?? [];
  }

  /** `compose.yaml:3:5: HF1003 …` then the remedy on a line of its own. */
  format(): string {
    const where = this.at ? `${this.at.file}:${this.at.line}:${this.at.column}: ` : '';
    const own = `${where}${this.code} ${this.message}\n  → ${this.remedy}`;
    return [own, ...this.others.map((other) => other.format())].join('\n');
  }

  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      remedy: this.remedy,
      retry: this.retry,
      ...(this.at ? { at: this.at } : {}),
      ...(this.others.length > 0 ? { others: this.others.map((other) => other.toJSON()) } : {}),
    };
  }
}

/** The error as it travels over the API. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly retry: Retry;
  readonly at?: SourcePosition;
  readonly others?: readonly ErrorBody[];
}

export function asHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('HF9000', message, { cause: error });
}
