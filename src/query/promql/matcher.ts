/** Label matchers. A pattern must match the whole value. */
import type { Matcher } from './ast.ts';
import { parseError } from './errors.ts';

const MAX_PATTERN = 1_000;
/** `(a+)+`, `(a|b*)*`, `(a+){2,}`. */
const NESTED = /\([^()]*(?:[+*]|\{\d+,)[^()]*\)(?:[+*]|\{\d+,)/;

/** RE2 and JavaScript agree on what people write; the whole value must match. */
export function matcher(label: string, op: Matcher['op'], value: string, at: number): Matcher {
  if (op === '=') return { label, op, value, matches: (text) => text === value };
  if (op === '!=') return { label, op, value, matches: (text) => text !== value };
  // JavaScript tries all ways; RE2 does not. What would take for ever is refused.
  if (value.length > MAX_PATTERN || NESTED.test(value))
    throw parseError(
      at,
      'repetitions within repetitions, and patterns beyond 1,000 characters, are not supported here',
    );
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${value})$`, 's');
  } catch (error) {
    throw parseError(at, `error parsing regexp: ${(error as Error).message}`);
  }
  return { label, op, value, matches: (text) => pattern.test(text) === (op === '=~') };
}
