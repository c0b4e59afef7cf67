/** Attributes and bodies: KeyValue and AnyValue as text. Field numbers: opentelemetry/proto/common/v1/common.proto. */
import { type Cursor, decodeText, depthGuard } from '../wire/protobuf.ts';
import { LEN1, LEN2 } from './resource.ts';

const BOOL = 2 << 3;
const INT = 3 << 3;
const DOUBLE = (4 << 3) | 1;
const ARRAY = (5 << 3) | 2;
const MAP = (6 << 3) | 2;
const BYTES = (7 << 3) | 2;

/**
 * Text as it is, numbers and booleans in their usual form, lists and maps as JSON of such texts, bytes in base64.
 * An empty AnyValue is ''. Ends at `end`.
 */
export function anyText(cursor: Cursor, end: number, depth = 0): string {
  depthGuard(depth);
  let text = '';
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1 || tag === BYTES) {
      const inner = cursor.open(end);
      text =
        tag === LEN1
          ? decodeText(cursor.bytes, cursor.at, inner)
          : Buffer.from(cursor.bytes.subarray(cursor.at, inner)).toString('base64');
      cursor.at = inner;
    } else if (tag === BOOL) text = cursor.varint() === 0 ? 'false' : 'true';
    else if (tag === INT) text = String(cursor.varint64());
    else if (tag === DOUBLE) text = String(cursor.double());
    else if (tag === ARRAY) text = list(cursor, cursor.open(end), depth + 1);
    else if (tag === MAP) text = map(cursor, cursor.open(end), depth + 1);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  return text;
}

function list(cursor: Cursor, end: number, depth: number): string {
  const items: string[] = [];
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) items.push(anyText(cursor, cursor.open(end), depth));
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  return JSON.stringify(items);
}

function map(cursor: Cursor, end: number, depth: number): string {
  const items: Record<string, string> = {};
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) keyValue(cursor, cursor.open(end), items, depth);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  return JSON.stringify(items);
}

/** One attribute into `into`. The last of several with one key counts. */
export function keyValue(cursor: Cursor, end: number, into: Record<string, string>, depth = 0): void {
  let key = '';
  let value = '';
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) {
      const inner = cursor.open(end);
      key = decodeText(cursor.bytes, cursor.at, inner);
      cursor.at = inner;
    } else if (tag === LEN2) value = anyText(cursor, cursor.open(end), depth + 1);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  // A key of this name would be lost, or worse.
  if (key !== '__proto__') into[key] = value;
}
