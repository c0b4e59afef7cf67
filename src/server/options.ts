/** The server's command line. It is started by the CLI by file path, and by hand in service managers. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HoldfastError } from '../model/errors.ts';
import { parseDuration } from '../model/time.ts';
import { LEAST_EVERY_MS } from '../prove/schedule/index.ts';

export interface ServerOptions {
  readonly stateDir: string;
  readonly host: string;
  readonly port: number;
  /** Another free port may be taken instead: nobody asked for this one. */
  readonly anyPort: boolean;
  readonly tokenFile: string | null;
  readonly portRange: readonly [low: number, high: number];
  readonly allowHosts: readonly string[];
  /** Addresses of receivers of pages, as they were given: they may hold secrets. */
  readonly notify: readonly string[];
  /** Protocols to listen for, as given: see agent/telemetry/intakes.ts. */
  readonly intake: readonly string[];
  /** Limits of what comes in, as given: see agent/telemetry/limits.ts. */
  readonly intakeLimits: readonly string[];
  /** Targets to be asked for their metrics. */
  readonly scrape: readonly string[];
  /** Shortest distance between runs of a schedule, ms. */
  readonly scheduleLeastMs: number;
  readonly foreground: boolean;
  readonly acceptReplay: boolean;
}

/** Due times are looked at once a second. */
const LEAST_LEAST_MS = 1_000;

export const DEFAULT_PORT = 7420;
/** Below what Linux hands out for outgoing connections (32768). */
const PORTS_HIGH = 32_000;

export const USAGE = `usage: server --state-dir DIR [--listen HOST:PORT] [--token-file FILE] [--ports LOW-HIGH]
              [--allow-host NAME]... [--notify URL|@FILE]... [--intake NAME[=HOST:PORT]]...
              [--intake-limit NAME=VALUE]... [--scrape [JOB=]URL]... [--schedule-least DURATION]
              [--foreground] [--accept-replay]`;

export function parseOptions(argv: readonly string[]): ServerOptions {
  const values = parsed(argv);
  const given = values['state-dir'];
  if (given === undefined) throw new HoldfastError('HF7002', '--state-dir is missing', { remedy: USAGE });
  const stateDir = resolve(given);
  return {
    stateDir,
    ...listenOf(values.listen),
    tokenFile: values['token-file'] === undefined ? null : resolve(values['token-file']),
    portRange: values.ports === undefined ? defaultRange(stateDir) : rangeOf(values.ports),
    allowHosts: values['allow-host'] ?? [],
    notify: values.notify ?? [],
    intake: values.intake ?? [],
    intakeLimits: values['intake-limit'] ?? [],
    scrape: values.scrape ?? [],
    scheduleLeastMs: leastOf(values['schedule-least']),
    foreground: values.foreground ?? false,
    acceptReplay: values['accept-replay'] ?? false,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        'state-dir': { type: 'string' },
        listen: { type: 'string' },
        'token-file': { type: 'string' },
        ports: { type: 'string' },
        'allow-host': { type: 'string', multiple: true },
        notify: { type: 'string', multiple: true },
        intake: { type: 'string', multiple: true },
        'intake-limit': { type: 'string', multiple: true },
        scrape: { type: 'string', multiple: true },
        'schedule-least': { type: 'string' },
        foreground: { type: 'boolean' },
        'accept-replay': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new HoldfastError('HF7002', (error as Error).message, { remedy: USAGE });
  }
}

function leastOf(text: string | undefined): number {
  if (text === undefined) return LEAST_EVERY_MS;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= LEAST_LEAST_MS) return ms;
  throw new HoldfastError('HF7002', `--schedule-least ${text} is no duration of 1s or more`, { remedy: USAGE });
}

function listenOf(text: string | undefined): Pick<ServerOptions, 'host' | 'port' | 'anyPort'> {
  if (text === undefined) return { host: '127.0.0.1', port: DEFAULT_PORT, anyPort: true };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new HoldfastError('HF7002', `--listen ${text} is not HOST:PORT`, { remedy: USAGE });
  }
  return { host: (match[1] ?? match[2]) as string, port, anyPort: false };
}

function rangeOf(text: string): readonly [number, number] {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const low = Number(match?.[1]);
  const high = Number(match?.[2]);
  if (match === null || low < 1 || high > 65_536 || high - low < 10) {
    throw new HoldfastError('HF7002', `--ports ${text} is not LOW-HIGH with room for ten ports`, { remedy: USAGE });
  }
  return [low, high];
}

/** Each state directory begins elsewhere, so that two Holdfasts on one machine seldom try the same ports. */
function defaultRange(stateDir: string): readonly [number, number] {
  const spread = createHash('sha256').update(stateDir).digest().readUInt16BE(0) % 100;
  return [10_000 + spread * 100, PORTS_HIGH];
}
