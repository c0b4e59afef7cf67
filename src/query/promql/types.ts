/** What kind of value an expression yields. */
import type { Expr, ValueType } from './ast.ts';
import { SIGNATURES } from './signatures.ts';

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
      return expr.rangeMs === null ? 'vector' : 'matrix';
    case 'subquery':
      return 'matrix';
    case 'call':
      return SIGNATURES[expr.name]?.returns ?? 'vector';
    case 'aggregate':
      return 'vector';
    case 'negate':
      return typeOf(expr.of);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
  }
}

export const WORDS: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};
