/** Comma-separated values as RFC 4180 has them: quoted fields hold commas, quotes (doubled) and line ends. */

export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const [field, end] = text[at] === '"' ? quoted(text, at) : bare(text, at);
    row.push(field);
    at = end;
    if (text[at] === ',') {
      at++;
      if (at < text.length) continue;
      row.push('');
    }
    rows.push(row);
    row = [];
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
  }
  return rows;
}

/** The field and where the delimiter after it stands. */
function bare(text: string, start: number): [string, number] {
  let at = start;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++;
  return [text.slice(start, at), at];
}

function quoted(text: string, start: number): [string, number] {
  let field = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return [field + text.slice(at), text.length];
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      const [rest, end] = bare(text, quote + 1);
      return [field + rest, end];
    }
    field += '"';
    at = quote + 2;
  }
}
