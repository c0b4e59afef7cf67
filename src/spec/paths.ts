/** Paths as text: this folder does no I/O, so node:path stays outside. Both kinds of separators are understood. */

export function isAbsolutePath(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** `path` as meant in `dir`, with `.` and `..` resolved. */
export function joinPath(dir: string, path: string): string {
  const whole = isAbsolutePath(path) ? path : `${dir}/${path}`;
  const root = /^(?:[A-Za-z]:)?[/\\]?/.exec(whole)?.[0] ?? '';
  const parts: string[] = [];
  for (const part of whole.slice(root.length).split(/[/\\]+/)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (root === '') parts.push('..');
  }
  return `${root}${parts.join('/')}` || '.';
}

export function dirOf(path: string): string {
  return joinPath(path, '..');
}

export function baseOf(path: string): string {
  return path.split(/[/\\]+/).findLast((part) => part !== '') ?? '';
}
