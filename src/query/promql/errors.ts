/** Errors of queries, in the words of Prometheus' API: `errorType` decides the HTTP status there. */

export type QueryErrorType = 'bad_data' | 'execution';

export class QueryError extends Error {
  readonly type: QueryErrorType;

  constructor(type: QueryErrorType, message: string) {
    super(message);
    this.name = 'QueryError';
    this.type = type;
  }
}

/** What the query says is wrong, at a place in it (first character: 1). */
export function parseError(position: number, message: string): QueryError {
  return new QueryError('bad_data', `invalid parameter "query": 1:${position + 1}: parse error: ${message}`);
}

export function executionError(message: string): QueryError {
  return new QueryError('execution', message);
}
