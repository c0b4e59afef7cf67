/**
 * What the CLI knows of where it writes: data goes to stdout, messages to stderr, and each may or may not be a
 * terminal. Colour and animation only on a terminal; NO_COLOR and TERM=dumb are obeyed, FORCE_COLOR too.
 */
import type { WriteStream } from 'node:tty';
import { fold, visibleWidth, widthOf } from './fold.ts';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const paint = (on: boolean, open: number, close: number) => (text: string) =>
  on ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export function styleFor(color: boolean): Style {
  return {
    bold: paint(color, 1, 22),
    dim: paint(color, 2, 22),
    red: paint(color, 31, 39),
    green: paint(color, 32, 39),
    yellow: paint(color, 33, 39),
    cyan: paint(color, 36, 39),
  };
}

export function wantsColor(
  stream: Pick<WriteStream, 'isTTY'>,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

export const out = styleFor(wantsColor(process.stdout, process.env));
export const err = styleFor(wantsColor(process.stderr, process.env));

/** Data. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Data that are sentences: lines as wide as the terminal, whole ones in a pipe. */
export function tell(text: string): void {
  print(fold(text, widthOf(process.stdout)));
}

/** Messages: progress, hints, warnings. */
export function say(text: string): void {
  process.stderr.write(`${fold(text, widthOf(process.stderr))}\n`);
}

/** What to do next; never in the way of data. */
export function suggest(text: string): void {
  say(err.dim(`→ ${text}`));
}

let survives = false;

/** For verbs that must clean up even when nobody reads them any more. */
export function surviveLostOutput(): void {
  survives = true;
}

/** A reader that has seen enough (`| head`) or a terminal that was closed is no error. */
export function handleLostOutput(): void {
  const lost = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    if (!survives) process.exit(0);
  };
  process.stdout.on('error', lost);
  process.stderr.on('error', lost);
}

export function animates(): boolean {
  return process.stderr.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI === undefined;
}

export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleWidth(text)));
}

/** Cuts to a visible width, keeping escape sequences whole. */
export function clip(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let taken = 0;
  let result = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  for (const part of text.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b[')) {
      result += part;
      continue;
    }
    const room = Math.max(0, width - 1 - taken);
    const characters = [...part];
    result += characters.slice(0, room).join('');
    taken += Math.min(room, characters.length);
  }
  return `${result}…`;
}
