/**
 * The way in: a spec's text → the system it means, or every error in it with its place. Pure: the files that a spec
 * names come through `readFile`. Whatever is handed in, only HoldfastError is ever thrown.
 */
import { asHoldfastError, HoldfastError, type SourcePosition } from '../model/errors.ts';
import type { SpecNotice, SystemSpec } from '../model/spec.ts';
import { variableName } from './environment.ts';
import { Loader } from './load.ts';
import { type NoticeCode, Problems } from './problems.ts';
import { placeOf, systemOf } from './system.ts';
import { type Place, positionOf } from './tree.ts';

export interface SpecText {
  /** For messages; may be absolute. */
  readonly file: string;
  /** Absolute directory that relative paths mean. */
  readonly baseDir: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly projectName: string | null;
}

export interface ParseOptions {
  /** Text of a file by absolute path; undefined: there is none. For include, extends, env_file, label_file. */
  readonly readFile?: (path: string) => string | undefined;
  /** True: images without a command count as services, for who only looks at the structure. Default: left out. */
  readonly containers?: boolean;
}

export interface ParsedSpec {
  readonly spec: SystemSpec;
  readonly notices: readonly SpecNotice[];
  /** Where something of a service is written: `ports`, `command`; its name when the key is not there. */
  position(service: string, key: string): SourcePosition;
}

/** Names looked for in a directory; the first found wins. */
export const SPEC_FILE_NAMES = [
  'holdfast.yaml',
  'holdfast.yml',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
] as const;

/** A path whose last part is one of SPEC_FILE_NAMES. */
export function looksLikeSpecFile(path: string): boolean {
  const name = path.split(/[/\\]/).at(-1) as string;
  return SPEC_FILE_NAMES.some((candidate) => candidate === name);
}

export function parseSpec(source: SpecText, options: ParseOptions = {}): ParsedSpec {
  try {
    return parse(source, options);
  } catch (error) {
    if (error instanceof RangeError) {
      const at = { file: source.file, line: 1, column: 1 };
      throw new HoldfastError('HF1014', 'the file is too deep to be read', { at, cause: error });
    }
    throw asHoldfastError(error);
  }
}

interface Unset {
  readonly name: string;
  readonly place: Place;
  readonly service: string | null;
}

function parse(source: SpecText, options: ParseOptions): ParsedSpec {
  const problems = new Problems();
  const lookup = (name: string): string | undefined =>
    Object.hasOwn(source.variables, name) ? source.variables[name] : undefined;
  const readFile = options.readFile ?? (() => undefined);
  const unset: Unset[] = [];
  const loader = new Loader({
    readFile,
    problems,
    unset: (name, place, service) => unset.push({ name, place, service }),
  });
  const loaded = loader.load({ file: source.file, dir: source.baseDir, text: source.text, lookup });
  const spec = systemOf(loaded, { ...source, lookup, readFile, containers: options.containers ?? false }, problems);
  problems.throwIfAny(source.file);
  noticeUnset(unset, new Set(loaded.services.keys()), problems);
  return { spec, notices: problems.notices, position: (service, key) => positionOf(placeOf(loaded, service, key)) };
}

const OF_INSTANCES = /^(?:PORT(?:_\d+)?|HOST|HOLDFAST_\w+)$/;

function noticeUnset(unset: readonly Unset[], services: ReadonlySet<string>, problems: Problems): void {
  const given = new Set(
    [...services].flatMap((service) =>
      ['URL', 'HOST', 'PORT', 'ADDR'].map((what) => `${variableName(service)}_${what}`),
    ),
  );
  const code: NoticeCode = 'unset-variable';
  for (const { name, place, service } of unset) {
    const late = OF_INSTANCES.test(name) || given.has(name);
    const instead = late
      ? `empty: only the running instance knows it; write $$${name} where a shell or the program fills it in`
      : 'empty';
    problems.notice(code, place, service, `$${name} is not set`, instead);
  }
}
