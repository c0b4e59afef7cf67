/** Splits a command line into words as a POSIX shell would, without expanding anything in it. */

/** null: a quote is not closed. */
export function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'") {
      const end = text.indexOf("'", i + 1);
      if (end < 0) return null;
      word = (word ?? '') + text.slice(i + 1, end);
      i = end;
    } else if (char === '"') {
      const quoted = doubleQuoted(text, i + 1);
      if (quoted === null) return null;
      word = (word ?? '') + quoted.text;
      i = quoted.end;
    } else if (char === '\\') {
      i += 1;
      const next = text[i];
      if (next === undefined) return null;
      if (next !== '\n') word = (word ?? '') + next;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

function doubleQuoted(text: string, start: number): { readonly text: string; readonly end: number } | null {
  let out = '';
  for (let i = start; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return { text: out, end: i };
    if (char === '\\' && /["\\$`\n]/.test(text[i + 1] ?? '')) {
      i += 1;
      if (text[i] !== '\n') out += text[i];
    } else {
      out += char;
    }
  }
  return null;
}
