/** JSON objects written one after another, with or without white space between: where does each begin and end? */
import { Malformed } from '../wire/protobuf.ts';

/** Throws Malformed when something else stands between them, or the last one is not closed. */
export function* splitObjects(text: string): Generator<string> {
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 0x5c) at++;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x7b) {
      if (depth++ === 0) start = at;
    } else if (char === 0x7d) {
      if (--depth < 0) throw new Malformed('a brace too many');
      if (depth === 0) yield text.slice(start, at + 1);
    } else if (depth > 0) {
      if (char === 0x22) quoted = true;
    } else if (char > 0x20) throw new Malformed('text between objects');
  }
  if (depth > 0) throw new Malformed('an object is not closed');
}
