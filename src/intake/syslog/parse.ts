/**
 * One syslog message → one log line. RFC 5424 when it says version 1; else RFC 3164, which is a habit rather than a
 * format: whatever does not fit is text, as the RFC tells relays to do. So no message is malformed.
 */
import type { LogLine } from '../../model/telemetry.ts';
import { severityOfSyslog } from '../severity.ts';

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const DAY_MS = 86_400_000;
const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );

/** `wallMs`: now, for messages without a time, and for the year that RFC 3164 leaves out. */
export function parseSyslog(message: string, wallMs: number): LogLine {
  const pri = /^<(\d{1,3})>/.exec(message);
  const priority = Number(pri?.[1]);
  if (!pri || priority > 191) return line(message, { wallMs });
  const rest = message.slice(pri[0].length);
  const known = {
    wallMs,
    severity: severityOfSyslog(priority & 7),
    attributes: { facility: FACILITIES[priority >> 3] as string },
  };
  return rest.startsWith('1 ') ? rfc5424(rest.slice(2), known) : rfc3164(rest, known);
}

type Known = Partial<LogLine> & { readonly wallMs: number };

function line(text: string, known: Known): LogLine {
  return { service: '', instance: '', severity: null, attributes: {}, ...known, text: text.replace(/[\r\n\0]+$/, '') };
}

function rfc5424(rest: string, known: Known): LogLine {
  const head = /^(\S+) (\S+) (\S+) (\S+) (\S+) /.exec(`${rest} `);
  if (!head) return line(rest, known);
  const [all, time, host, app, proc, id] = head as unknown as [string, string, string, string, string, string];
  const attributes: Record<string, string> = { ...known.attributes };
  if (proc !== '-') attributes.procid = proc;
  if (id !== '-') attributes.msgid = id;
  const after = structured(rest, all.length, attributes);
  const parsed = Date.parse(time);
  const nil = (text: string): string => (text === '-' ? '' : text);
  return line(rest.slice(after).replace(/^ ?\ufeff?/, ''), {
    ...known,
    wallMs: Number.isNaN(parsed) ? known.wallMs : parsed,
    service: nil(app),
    instance: nil(host),
    attributes,
  });
}

/** `-` or `[id name="value" …]…`; parameters become `id.name`. Returns where it ends. */
function structured(rest: string, from: number, attributes: Record<string, string>): number {
  if (rest[from] !== '[') return rest[from] === '-' ? from + 1 : from;
  let at = from;
  const element = /\[([^\s=\]"]{1,64})|\s+([^\s=\]"]{1,64})="((?:[^"\\\]]|\\.)*)"|\]/y;
  let id = '';
  let end = from;
  for (;;) {
    element.lastIndex = at;
    const match = element.exec(rest);
    if (!match) return end;
    at += match[0].length;
    if (match[1] !== undefined) {
      if (id !== '') return end;
      id = match[1];
    } else if (match[2] !== undefined) {
      if (id === '') return end;
      attributes[`${id}.${match[2]}`] = (match[3] as string).replace(/\\(["\\\]])/g, '$1');
    } else {
      if (id === '') return end;
      id = '';
      end = at;
    }
  }
}

function rfc3164(rest: string, known: Known): LogLine {
  const bsd = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) /.exec(rest);
  const iso = bsd ? null : /^(\d{4}-\d\d-\d\dT\S+) /.exec(rest);
  const wallMs = bsd ? dateOf(bsd, known.wallMs) : iso ? Date.parse(iso[1] as string) : Number.NaN;
  if (Number.isNaN(wallMs)) return tagged(rest, known);
  const after = rest.slice(((bsd ?? iso) as RegExpExecArray)[0].length);
  // A tag ends in a colon, a host does not: some senders leave the host out.
  const host = /^(\S+?) (?=\S)/.exec(after);
  if (!host || host[1]?.endsWith(':') || host[1]?.endsWith(']')) return tagged(after, { ...known, wallMs });
  return tagged(after.slice(host[0].length), { ...known, wallMs, instance: host[1] as string });
}

function tagged(text: string, known: Known): LogLine {
  const tag = /^([^\s:[\]]{1,64})(?:\[([^\]\s]{1,32})\])?: ?/.exec(text);
  if (!tag) return line(text, known);
  const attributes = tag[2] === undefined ? known.attributes : { ...known.attributes, procid: tag[2] };
  return line(text.slice(tag[0].length), {
    ...known,
    service: tag[1] as string,
    ...(attributes ? { attributes } : {}),
  });
}

/** Local time, and the year that brings it closest to now: a December message read in January is last year's. */
function dateOf([, month, day, hour, minute, second]: RegExpExecArray, wallMs: number): number {
  const index = MONTHS.indexOf(month as string);
  if (index < 0 || index % 3 !== 0) return Number.NaN;
  const at = (year: number): number =>
    new Date(year, index / 3, Number(day), Number(hour), Number(minute), Number(second)).getTime();
  const year = new Date(wallMs).getFullYear();
  const candidates = [year - 1, year, year + 1].map(at).filter((one) => one <= wallMs + DAY_MS);
  return candidates[candidates.length - 1] ?? Number.NaN;
}
