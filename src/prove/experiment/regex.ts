/**
 * Regular expressions as Chaos Toolkit's files write them are Python's; ours are ECMAScript's. The spellings that
 * differ and mean the same are translated; what has no counterpart is an error when the file is read, not at run time.
 */

const FLAGS: Readonly<Record<string, string>> = { i: 'i', m: 'm', s: 's', u: '', a: '', L: '' };

/** Throws SyntaxError when it is none. */
export function pythonRegex(pattern: string): RegExp {
  let flags = '';
  let source = pattern;
  const leading = /^\(\?([a-zA-Z]+)\)/.exec(source);
  if (leading) {
    for (const letter of leading[1] as string) {
      const flag = FLAGS[letter];
      if (flag === undefined) throw new SyntaxError(`flag (?${letter}) has no counterpart`);
      if (!flags.includes(flag)) flags += flag;
    }
    source = source.slice(leading[0].length);
  }
  return new RegExp(translate(source), flags);
}

function translate(source: string): string {
  let out = '';
  for (let n = 0; n < source.length; n++) {
    const rest = source.slice(n, n + 4);
    if (source[n] === '\\') {
      const next = source[n + 1];
      out += next === 'A' ? '^' : next === 'Z' ? '$' : source.slice(n, n + 2);
      n += 1;
    } else if (rest === '(?P<') {
      out += '(?<';
      n += 3;
    } else if (rest === '(?P=') {
      const end = source.indexOf(')', n);
      if (end < 0) throw new SyntaxError('unterminated back reference');
      out += `\\k<${source.slice(n + 4, end)}>`;
      n = end;
    } else out += source[n];
  }
  return out;
}
