/**
 * Reads a spec file as the API wants it: its text, where relative paths start, and the variables for interpolation.
 * As in Compose, the environment wins over `.env` beside the file. The server parses; the client only carries.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SpecSource } from '../api/resources.ts';
import { HoldfastError } from '../model/errors.ts';

/** First found wins. */
export const SPEC_FILES = [
  'holdfast.yaml',
  'holdfast.yml',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
] as const;

export interface SpecOptions {
  readonly file?: string;
  readonly profile?: readonly string[];
  readonly projectName?: string;
}

export function findSpecFile(options: SpecOptions, cwd = process.cwd()): string {
  if (options.file) {
    const path = resolve(cwd, options.file);
    if (!existsSync(path)) throw new HoldfastError('HF1001', `${options.file} does not exist`);
    return path;
  }
  const found = SPEC_FILES.map((name) => join(cwd, name)).find((path) => existsSync(path));
  if (!found) throw new HoldfastError('HF1001', `none of ${SPEC_FILES.join(', ')} in this directory`);
  return found;
}

/** Only variables that the file may mean travel: the rest of the environment is nobody's business. */
export function readSpec(path: string, options: SpecOptions, env = process.env): SpecSource {
  const text = readText(path);
  const baseDir = dirname(path);
  const dotEnv = join(baseDir, '.env');
  const known = { ...(existsSync(dotEnv) ? parseDotEnv(readText(dotEnv)) : {}), ...env };
  const words = wordsOf(text, baseDir, new Set([path]));
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(known)) {
    if (value !== undefined && (words.has(name) || COMPOSE_VARIABLES.has(name))) variables[name] = value;
  }
  return {
    file: path,
    baseDir,
    text,
    variables,
    profiles: options.profile ?? (known.COMPOSE_PROFILES ?? '').split(',').filter((name) => name !== ''),
    projectName: options.projectName ?? known.COMPOSE_PROJECT_NAME ?? null,
  };
}

/** Read by Compose itself, named in no file. */
const COMPOSE_VARIABLES: ReadonlySet<string> = new Set(['COMPOSE_PROJECT_NAME', 'COMPOSE_PROFILES']);

/**
 * Every word of the file and of the files that it names (include, extends, env_file). A variable that is not a word
 * there cannot be meant: neither by interpolation nor by a bare name under `environment`.
 */
function wordsOf(text: string, baseDir: string, seen: Set<string>): Set<string> {
  const words = new Set(text.match(/[A-Za-z_][A-Za-z0-9_]*/g));
  for (const name of text.match(/[^\s"'[\]{},]+\.ya?ml\b|[^\s"'[\]{},]*env[^\s"'[\]{},]*/g) ?? []) {
    const path = resolve(baseDir, name);
    if (seen.has(path) || !statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    seen.add(path);
    for (const word of wordsOf(readText(path), dirname(path), seen)) words.add(word);
  }
  return words;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new HoldfastError('HF1001', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** `NAME=value`, `export NAME=value`, comments, quotes ("…" with \n \" \\ escapes, '…' as it is), may span lines. */
export function parseDotEnv(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const line =
    /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*("(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\n\r]*)/gm;
  for (const [, name, raw] of text.matchAll(line)) {
    variables[name as string] = unquote(raw as string);
  }
  return variables;
}

function unquote(raw: string): string {
  if (raw.length > 1 && raw.startsWith("'") && raw.endsWith("'")) return raw.slice(1, -1);
  if (raw.length > 1 && raw.startsWith('"') && raw.endsWith('"')) {
    return raw
      .slice(1, -1)
      .replace(/\\([\s\S])/g, (_, c: string) => (({ n: '\n', r: '\r', t: '\t' }) as Record<string, string>)[c] ?? c);
  }
  return raw.replace(/(^|\s)#.*$/, '').trim();
}
