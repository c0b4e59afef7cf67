/**
 * `holdfast doctor -f`: the structural audit of a spec file, with the line of each finding. Nothing has to run, so a file
 * of containers, of which Holdfast itself could start nothing, is looked at as it is.
 */
import { readFileSync, statSync } from 'node:fs';
import type { SpecNotice } from '../model/spec.ts';
import { audit, type Finding } from '../review/index.ts';
import { parseSpec, type SpecText } from '../spec/index.ts';

export interface FileAudit {
  readonly system: string;
  readonly findings: readonly Finding[];
  /** What of the file is not honoured here. */
  readonly notices: readonly SpecNotice[];
}

/** Throws the errors of the file as they are. */
export function auditFile(source: SpecText): FileAudit {
  const { spec, notices, position } = parseSpec(source, { readFile, containers: true });
  return { system: spec.name, findings: audit({ spec, observed: null, position }), notices };
}

function readFile(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}
