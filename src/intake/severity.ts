/** How severe a log line is, from the words and numbers that senders use. */
import type { LogSeverity } from '../model/telemetry.ts';

/** Words that logging libraries use for levels; null for all others. */
export function severityOf(word: string): LogSeverity | null {
  return WORDS.get(word.toLowerCase()) ?? null;
}

const WORDS: ReadonlyMap<string, LogSeverity> = new Map<string, LogSeverity>([
  ['trace', 'trace'],
  ['verbose', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['information', 'info'],
  ['notice', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['err', 'error'],
  ['error', 'error'],
  ['severe', 'error'],
  ['critical', 'fatal'],
  ['crit', 'fatal'],
  ['alert', 'fatal'],
  ['emerg', 'fatal'],
  ['emergency', 'fatal'],
  ['panic', 'fatal'],
  ['fatal', 'fatal'],
]);

/** RFC 5424 severities 0 (emergency) to 7 (debug). */
const SYSLOG: readonly LogSeverity[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'];

export function severityOfSyslog(level: number): LogSeverity | null {
  return SYSLOG[level] ?? null;
}
