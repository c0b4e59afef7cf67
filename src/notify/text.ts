/** Notices in one line, for people. */
import type { Notice, NoticeCause } from './contract.ts';

/** What chat services show as it is. */
export function textOf({ kind, system, incident, title, summary, cause, link }: Notice): string {
  if (kind === 'resolved') return `[${system}] ${incident} resolved: ${summary}; it was: ${title} ${link}`;
  const belief = cause === null ? '' : `; cause: ${causeText(cause)}`;
  return `[${system}] ${incident}: ${summary}${belief} ${link}`;
}

/** `payments-2, exits by itself (software, 94 %)` */
export function causeText({ entity, mechanism, faultClass, confidence }: NoticeCause): string {
  return `${entity}, ${mechanism} (${faultClass}, ${Math.round(confidence * 100)} %)`;
}
