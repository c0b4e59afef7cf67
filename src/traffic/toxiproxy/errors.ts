/** Errors in the words and numbers of Toxiproxy's API: its clients compare them. */

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export const badBody = (why: string): ApiError => new ApiError(400, `bad request body: ${why}`);
export const missing = (field: string): ApiError => new ApiError(400, `missing required field: ${field}`);
export const proxyNotFound = (): ApiError => new ApiError(404, 'proxy not found');
export const proxyExists = (): ApiError => new ApiError(409, 'proxy already exists');
export const invalidStream = (): ApiError =>
  new ApiError(400, 'stream was invalid, can be either upstream or downstream');
export const invalidType = (): ApiError => new ApiError(400, 'invalid toxic type');
export const toxicExists = (): ApiError => new ApiError(409, 'toxic already exists');
export const toxicNotFound = (): ApiError => new ApiError(404, 'toxic not found');
