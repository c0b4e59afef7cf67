/**
 * Experiment files as they are handed to the server: their text, the variables of this environment that they name, and
 * what is in the files that their configuration and secrets name. The server reads no file for a client: it may be
 * another user's, or another machine's.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type ExperimentFile, MOST_FILE_BYTES } from '../api/proof-resources.ts';
import { HoldfastError } from '../model/errors.ts';

/** One file, or all of a directory. */
export function filesOf(path: string): readonly ExperimentFile[] {
  try {
    if (!statSync(path).isDirectory()) {
      return [{ file: path, baseDir: dirname(resolve(path)), text: readFileSync(path, 'utf8') }];
    }
    const names = readdirSync(path).filter((name) => /\.(?:json|ya?ml)$/.test(name));
    if (names.length > 0) return names.sort().flatMap((name) => filesOf(join(path, name)));
  } catch (error) {
    throw new HoldfastError('HF7002', `${path} cannot be read: ${(error as Error).message}`);
  }
  throw new HoldfastError('HF7002', `${path} holds no experiment`, { remedy: 'Put .json or .yaml files there.' });
}

/** Of this environment only what the files name as a key: nothing else is the server's business. */
export function environmentOf(files: readonly ExperimentFile[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { text } of files) {
    for (const [, name] of text.matchAll(/["']?\bkey["']?\s*:\s*["']?([A-Za-z_][A-Za-z0-9_]*)/g)) {
      const value = name === undefined ? undefined : process.env[name];
      if (name !== undefined && value !== undefined) found[name] = value;
    }
  }
  return found;
}

/** Paths are relative to the experiment. HF8107 with every file that cannot be read. */
export function withContents(file: ExperimentFile): ExperimentFile {
  const contents: Record<string, string> = {};
  const problems: HoldfastError[] = [];
  for (const { path, at } of namedIn(file.text)) {
    try {
      contents[path] = contentOf(resolve(file.baseDir, path));
    } catch (error) {
      const message = `${file.file}: ${at}: ${path} ${(error as Error).message}`;
      problems.push(new HoldfastError('HF8107', message, { remedy: 'Put it there, or name another file.' }));
    }
  }
  const [first, ...others] = problems;
  if (first) throw new HoldfastError(first.code, first.message, { remedy: first.remedy, others });
  return Object.keys(contents).length === 0 ? file : { ...file, contents };
}

function contentOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Error('is not there');
  if (!found.isFile()) throw new Error('is no file');
  if (found.size > MOST_FILE_BYTES) throw new Error(`is larger than ${MOST_FILE_BYTES / 1_024} KiB`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('is no text (UTF-8)');
  }
}

type Values = Readonly<Record<string, unknown>>;

/** As the server reads the text: configuration by name, secrets by name or by group and name. */
function namedIn(text: string): readonly { readonly path: string; readonly at: string }[] {
  let experiment: unknown;
  try {
    experiment = parse(text);
  } catch {
    // What is wrong with the file is the server's to say: it says all of it.
    return [];
  }
  if (!isMap(experiment)) return [];
  const { configuration, secrets } = experiment;
  const named = (at: string, value: unknown): readonly { readonly path: string; readonly at: string }[] =>
    isMap(value) && value.type === 'file' && typeof value.path === 'string' ? [{ path: value.path, at }] : [];
  const each = (at: string, values: unknown, of: typeof named): ReturnType<typeof named> =>
    isMap(values) ? Object.entries(values).flatMap(([name, value]) => of(`${at}.${name}`, value)) : [];
  return [
    ...each('configuration', configuration, named),
    ...each('secrets', secrets, (at, value) =>
      isMap(value) && typeof value.type === 'string' ? named(at, value) : each(at, value, named),
    ),
  ];
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
