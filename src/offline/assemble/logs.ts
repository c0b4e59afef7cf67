/**
 * Log lines to evidence: patterns counted per bin, and what lines say about processes that ended and machines that
 * fail. The kernel's words are the same on every machine; what it says of a process or container is laid upon the
 * service that is named in the line.
 */
import { TemplateMiner } from '../../detect/logs/miner.ts';
import type { Bin, RecordedExit, RecordedTemplate } from '../../diagnose/recorded/types.ts';
import { severityOf } from '../../intake/severity.ts';
import type { LogSeverity } from '../../model/telemetry.ts';
import type { ReadLog } from '../contract.ts';
import { binAt } from './bins.ts';

/** Characters of a line that are looked at. */
const LOOKED_AT = 2_000;

interface Counts {
  severity: LogSeverity | null;
  readonly incident: Float64Array;
  readonly normal: Float64Array;
}

export function templatesOf(
  logs: readonly ReadLog[],
  bins: readonly Bin[],
  normalBins: readonly Bin[],
): RecordedTemplate[] {
  const miners = new Map<string, { miner: TemplateMiner; counts: Map<number, Counts> }>();
  for (const line of logs) {
    if (line.service === '') continue;
    const bin = binAt(bins, line.atMs);
    const past = bin < 0 ? binAt(normalBins, line.atMs) : -1;
    if (bin < 0 && past < 0) continue;
    let of = miners.get(line.service);
    if (of === undefined) {
      of = { miner: new TemplateMiner(), counts: new Map() };
      miners.set(line.service, of);
    }
    const { text, severity } = spoken(line);
    const id = of.miner.take(text);
    const known = of.counts.get(id) ?? {
      severity: null,
      incident: new Float64Array(bins.length),
      normal: new Float64Array(normalBins.length),
    };
    of.counts.set(id, known);
    if (severity !== null && GRAVITY.indexOf(severity) > GRAVITY.indexOf(known.severity ?? 'trace'))
      known.severity = severity;
    if (bin >= 0) known.incident[bin] = (known.incident[bin] as number) + 1;
    else known.normal[past] = (known.normal[past] as number) + 1;
  }
  return [...miners].flatMap(([service, { miner, counts }]) => merged(service, miner, counts, normalBins.length > 0));
}

const GRAVITY: readonly LogSeverity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const SEVERITY = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'fatal',
} as const;

/** Templates that became one while the log was read are counted as one. */
function merged(
  service: string,
  miner: TemplateMiner,
  counts: ReadonlyMap<number, Counts>,
  past: boolean,
): RecordedTemplate[] {
  const texts = new Map(miner.templates().map(({ id, text }) => [id, text]));
  const found = new Map<number, Counts>();
  for (const [id, each] of counts) {
    const now = miner.current(id);
    const other = found.get(now);
    if (other === undefined) {
      found.set(now, each);
      continue;
    }
    each.incident.forEach((count, bin) => {
      other.incident[bin] = (other.incident[bin] as number) + count;
    });
    each.normal.forEach((count, bin) => {
      other.normal[bin] = (other.normal[bin] as number) + count;
    });
    if (GRAVITY.indexOf(each.severity ?? 'trace') > GRAVITY.indexOf(other.severity ?? 'trace'))
      other.severity = each.severity;
  }
  return [...found].map(([id, { severity, incident, normal }]) => ({
    service,
    template: texts.get(id) ?? '',
    severity: severity === null ? null : SEVERITY[severity],
    incident,
    normal: past ? normal : null,
  }));
}

/** The message and level within a line that is JSON; a level at the beginning of a line that is not. */
function spoken({ text, severity }: ReadLog): { text: string; severity: LogSeverity | null } {
  const cut = text.slice(0, LOOKED_AT);
  if (cut.startsWith('{') && text.length <= LOOKED_AT) {
    try {
      const inner = JSON.parse(text) as Record<string, unknown>;
      const message = inner.message ?? inner.msg ?? inner.log ?? inner.error;
      const level = inner.severity ?? inner.level ?? inner.lvl;
      if (typeof message === 'string')
        return {
          text: message.slice(0, LOOKED_AT),
          severity: severity ?? (typeof level === 'string' ? severityOf(level) : null),
        };
    } catch {
      // Looks like JSON and is not: taken as it is.
    }
  }
  if (severity !== null) return { text: cut, severity };
  const word = /\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b/.exec(cut.slice(0, 200))?.[1];
  const level = word === undefined ? /\b(level|severity)=(\w+)/.exec(cut)?.[2] : word;
  if (level !== undefined) return { text: cut, severity: severityOf(level) };
  return { text: cut, severity: /\b\w*(exception|traceback|panicked)\b/i.test(cut) ? 'error' : null };
}

const SAYS: readonly (readonly [RegExp, RecordedExit['reason']])[] = [
  [
    /\boom[-_ ]?kill(ed|er)?\b|out of memory: kill|OOMKilled|java\.lang\.OutOfMemoryError|exit(ed)?( with)?( status| code)?:? 137\b/i,
    'oom',
  ],
  [
    /\b(I\/O error, dev|blk_update_request|Buffer I\/O error|EXT4-fs error|XFS .*(corruption|shutdown)|machine check|Hardware Error|uncorrect(ed|able)|nvme\d.*timeout|ata\d.*failed|EDAC .*error|MCE:|mce: |read-only file ?system)\b/i,
    'kernel',
  ],
  [
    /\bsegfault at\b|\bSIG(SEGV|ABRT|BUS|ILL|FPE|KILL)\b|core dumped|segmentation fault|killed by signal|exit(ed)?( with)?( status| code)?:? (13[2-9]|143)\b/i,
    'signal',
  ],
  [
    /\b(process|container|instance|service|app(lication)?|worker)\b.{0,40}\b(exited|terminated|crashed|died)\b|\bpanic: |\bfatal error: |exit(ed)? (with )?(status|code):? [1-9]\d?\b|Back-off restarting|CrashLoopBackOff/i,
    'code',
  ],
];
/** Whoever starts and watches processes speaks of others. */
const SUPERVISORS =
  /^(|kernel|kubelet|systemd|dockerd|containerd|docker|supervisord|init|node-problem-detector|events?|k8s.*)$/i;

/** First per service and reason. `services` are the names that may be meant by a line of the kernel or a supervisor. */
export function exitsOf(
  logs: readonly ReadLog[],
  services: readonly string[],
  hosts: ReadonlyMap<string, readonly string[]>,
): RecordedExit[] {
  const first = new Map<string, RecordedExit>();
  for (const line of logs) {
    const text = line.text.slice(0, LOOKED_AT);
    const says = SAYS.find(([pattern]) => pattern.test(text));
    if (says === undefined) continue;
    const reason = says[1];
    for (const service of accused(line, text, reason, services, hosts)) {
      const key = `${service} ${reason}`;
      const known = first.get(key);
      if (known && known.atMs <= line.atMs) continue;
      first.set(key, {
        service,
        instance: line.service === service ? line.instance : null,
        atMs: line.atMs,
        reason,
        detail: text.slice(0, 160).trim(),
      });
    }
  }
  return [...first.values()];
}

function accused(
  line: ReadLog,
  text: string,
  reason: RecordedExit['reason'],
  services: readonly string[],
  hosts: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (!SUPERVISORS.test(line.service)) return services.includes(line.service) ? [line.service] : [];
  const named = services.filter((service) => new RegExp(`(^|[^\\w-])${escaped(service)}([^\\w]|$)`, 'i').test(text));
  if (named.length > 0) return [named.reduce((longest, name) => (name.length > longest.length ? name : longest))];
  // A machine's hardware strikes all that runs on it.
  return reason === 'kernel' && line.host !== null ? (hosts.get(line.host) ?? []) : [];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
