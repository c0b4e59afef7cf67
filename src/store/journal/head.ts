/** How far the journal goes at least and where it begins, kept beside the segments (see mark.ts for how). */
import { HoldfastError } from '../../model/errors.ts';
import { readMark } from '../mark.ts';

export interface Head {
  /** Segments below this were deleted by retention; its first entry is `firstSeq` and follows `firstPrev`. */
  readonly firstSegment: number;
  readonly firstSeq: number;
  readonly firstPrev: string;
  /** The last entry that was made durable; 0: none yet. */
  readonly seq: number;
  readonly hash: string;
}

/** Undefined when there is none; HF2008 when it cannot be read. */
export function readHead(path: string): Head | undefined {
  const head = readMark<Head>(path);
  if (head === null) throw new HoldfastError('HF2008', `${path} holds no readable mark of how far the journal goes`);
  return head;
}
