/** Which HTTP status an error code travels with, and what Fastify's own errors mean in our words. */
import type { ErrorCode } from '../../model/error-codes.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
  HF2001: 409,
  HF2004: 507,
  HF2005: 409,
  HF2011: 503,
  HF3006: 503,
  HF3007: 404,
  HF4001: 409,
  HF4002: 503,
  HF5001: 409,
  HF5002: 409,
  HF5003: 404,
  HF5004: 404,
  HF5005: 409,
  HF5006: 409,
  HF5007: 409,
  HF5008: 409,
  HF6001: 401,
  HF6002: 403,
  HF6003: 403,
  HF6004: 400,
  HF6005: 404,
  HF6006: 413,
  HF6008: 404,
  HF6009: 429,
  HF7003: 400,
  HF8203: 409,
  HF8301: 403,
  HF8303: 409,
  HF8304: 409,
  HF8305: 422,
};

export function statusOf(code: ErrorCode): number {
  const known = STATUS[code];
  if (known !== undefined) return known;
  return code.startsWith('HF1') || code.startsWith('HF3') || code.startsWith('HF81') ? 422 : 500;
}

/** Errors that the HTTP layer itself raises, told by their code; anything unknown is our own defect. */
export function fromHttp(error: unknown, bodyLimit: number): HoldfastError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HoldfastError('HF6006', `the body is larger than ${bodyLimit} bytes`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HoldfastError('HF6004', 'the body must be application/json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new HoldfastError('HF6004', message);
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (error instanceof HoldfastError || status >= 500) return asHoldfastError(error);
  return new HoldfastError('HF6004', message);
}
