/** What other parts may use of this folder. */
export { atPresentScale, diffPolicy, diffSystems } from './diff.ts';
export {
  looksLikeSpecFile,
  type ParsedSpec,
  type ParseOptions,
  parseSpec,
  SPEC_FILE_NAMES,
  type SpecText,
} from './parse.ts';
export { revisionOf } from './revision.ts';
