/**
 * What a spec file may cost. The text is looked at token by token before it is parsed: a parser that recurses can be
 * brought down by a few thousand brackets, in ways that no `catch` sees.
 */
import { Lexer } from 'yaml';

export const MAX_SPEC_BYTES = 1 << 20;
/** Values after aliases are expanded: what the rest of the work grows with. */
export const MAX_NODES = 100_000;
export const MAX_DEPTH = 64;
const MAX_TOKENS = 300_000;
const MAX_INDENT = 256;
const MAX_DOCUMENTS = 100;
/** Files that one spec may bring together by include, extends and env_file. */
export const MAX_FILES = 100;

/** Why the text is refused, or null. */
export function excess(text: string): string | null {
  if (Buffer.byteLength(text) > MAX_SPEC_BYTES) return 'the file is larger than 1 MiB';
  let tokens = 0;
  let documents = 0;
  let flow = 0;
  let indicators = 0;
  let lineStart = true;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return `the file has more than ${MAX_TOKENS.toLocaleString('en')} tokens`;
    const blank = /^[ \t]*$/.test(token);
    if (lineStart && blank && token.length > MAX_INDENT) return `a line is indented by more than ${MAX_INDENT} columns`;
    if (token === '[' || token === '{') flow += 1;
    if (token === ']' || token === '}') flow = Math.max(0, flow - 1);
    if (flow === 0 && (token === '-' || token === '?' || token === ':')) indicators += 1;
    if (/^\r?\n/.test(token)) indicators = 0;
    if (token === '---') documents += 1;
    if (flow > MAX_DEPTH || indicators > MAX_DEPTH) return `values are nested more than ${MAX_DEPTH} deep`;
    if (documents > MAX_DOCUMENTS) return `the file holds more than ${MAX_DOCUMENTS} documents`;
    lineStart = /[\r\n]$/.test(token);
  }
  return null;
}
