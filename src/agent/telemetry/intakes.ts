/**
 * Which protocols are listened for, as the user says it: `otlp-http`, `otlp-http=127.0.0.1:4318`, `otlp-http=auto`,
 * `splunk-hec=0.0.0.0:8088,token=@/etc/holdfast/hec`. Anything beyond loopback must be asked for by its address.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Intake, IntakeContext, ListenOptions, RunningIntake, TlsOptions } from '../../intake/contract.ts';
import type { ScrapeTarget } from '../../intake/prometheus/scrape.ts';
import { INTAKES } from '../../intake/registry.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { nearest } from '../../model/suggest.ts';
import type { PortMemory } from './port-memory.ts';

export interface IntakeRequest {
  readonly intake: Intake;
  readonly options: ListenOptions;
  /** Another free port will do when the protocol's own is taken. */
  readonly anyPort: boolean;
}

const SHAPE =
  'NAME, NAME=HOST:PORT, NAME=PORT or NAME=auto, with ,token=@FILE ,user=NAME ,cert=FILE ,key=FILE ,ca=FILE where the protocol has them';
const SETTINGS = ['token', 'user', 'cert', 'key', 'ca', 'psk', 'psk-identity'] as const;
type Settings = Partial<Record<(typeof SETTINGS)[number], string>>;

/** HF7002 for what cannot be understood or read. */
export function parseIntake(text: string): IntakeRequest {
  const [name = '', rest = ''] = split(text, '=');
  const intake = INTAKES.find((known) => known.name === name);
  if (!intake) {
    const names = INTAKES.map((known) => known.name);
    const near = nearest(name, names);
    const remedy = `${near === null ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`;
    throw new HoldfastError('HF7002', `there is no intake "${name}"`, { remedy });
  }
  const [address = '', ...given] = rest.split(',');
  const secrets = secretsOf(intake, settingsOf(given, name));
  if (address === '' || address === 'auto') return { intake, options: secrets, anyPort: address === 'auto' };
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw misspelt(name);
  const host = match[1] ?? match[2];
  return { intake, options: { ...secrets, port, ...(host === undefined ? {} : { host }) }, anyPort: false };
}

function settingsOf(given: readonly string[], name: string): Settings {
  const settings: Settings = {};
  for (const setting of given) {
    const [key = '', value = ''] = split(setting, '=');
    const known = SETTINGS.find((one) => one === key);
    if (known === undefined || value === '') throw misspelt(name);
    settings[known] = value;
  }
  return settings;
}

function secretsOf(intake: Intake, settings: Settings): Pick<ListenOptions, 'token' | 'user' | 'tls'> {
  const { token, user, psk } = settings;
  const tls = tlsOf(settings);
  if (psk !== undefined && !intake.hasPsk)
    throw new HoldfastError('HF7002', `${intake.name} has no shared keys`, {
      remedy: 'Give it cert=FILE and key=FILE.',
    });
  return {
    ...(token === undefined ? {} : { token: token.startsWith('@') ? fileOf(token, 'token').trim() : token }),
    ...(user === undefined ? {} : { user }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** Always files: what is on a command line is seen by everybody on the machine. */
function tlsOf(settings: Settings): TlsOptions | undefined {
  const { cert, key, ca, psk, 'psk-identity': identity } = settings;
  if ((cert === undefined) !== (key === undefined) || (ca !== undefined && cert === undefined))
    throw new HoldfastError('HF7002', 'TLS needs cert=FILE and key=FILE', { remedy: 'Both are PEM files.' });
  if ((psk === undefined) !== (identity === undefined) || (psk !== undefined && cert !== undefined))
    throw new HoldfastError('HF7002', 'a shared key needs psk=FILE and psk-identity=NAME, and no certificate', {
      remedy: 'The file holds the key in hexadecimal digits, as in TLSPSKFile.',
    });
  if (psk !== undefined && identity !== undefined) {
    const hex = fileOf(psk, 'psk').trim();
    if (!/^(?:[0-9a-f]{2}){16,}$/i.test(hex))
      throw new HoldfastError('HF7002', `${psk} holds no key`, {
        remedy: 'At least 32 hexadecimal digits: openssl rand -hex 32.',
      });
    return { psk: { identity, key: Buffer.from(hex, 'hex') } };
  }
  if (cert === undefined || key === undefined) return undefined;
  const tls = {
    cert: fileOf(cert, 'cert'),
    key: fileOf(key, 'key'),
    ...(ca === undefined ? {} : { ca: fileOf(ca, 'ca') }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new HoldfastError('HF7002', `cert and key are no pair of PEM files: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return tls;
}

/** `http://127.0.0.1:9100/metrics`, or `JOB=URL`. */
export function parseScrape(text: string): ScrapeTarget {
  const match = /^(?:([^=/]+)=)?(https?:\/\/.+)$/.exec(text);
  const url = match?.[2] ?? '';
  if (!URL.canParse(url)) {
    const remedy = 'Write --scrape URL or --scrape JOB=URL, with http:// or https://.';
    throw new HoldfastError('HF7002', `--scrape ${text} is no address`, { remedy });
  }
  const parsed = new URL(url);
  if (parsed.pathname === '/') parsed.pathname = '/metrics';
  return { url: parsed.href, job: match?.[1] ?? parsed.host };
}

/** `memory`: where an intake that may take any port was last time. */
export async function openIntake(
  request: IntakeRequest,
  context: IntakeContext,
  memory?: PortMemory,
): Promise<RunningIntake> {
  const { intake, options, anyPort } = request;
  if (!anyPort) return listen(intake, options, context);
  const last = memory?.get(intake.name) ?? null;
  const ports = [...(last === null ? [] : [{ port: last }]), {}, { port: 0 }];
  for (const [tried, port] of ports.entries()) {
    try {
      const running = await listen(intake, { ...options, ...port }, context);
      memory?.keep(intake.name, running.address.port);
      return running;
    } catch (error) {
      if (asHoldfastError(error).code !== 'HF4001' || tried === ports.length - 1) throw error;
    }
  }
  throw new HoldfastError('HF4001', `${intake.title}: no port is free`);
}

async function listen(intake: Intake, options: ListenOptions, context: IntakeContext): Promise<RunningIntake> {
  try {
    return await intake.start(context, options);
  } catch (error) {
    const known = asHoldfastError(error);
    if (known.code !== 'HF4001') throw known;
    const remedy = `Stop the program that listens there, or choose another address: --intake ${intake.name}=127.0.0.1:PORT (auto: any free port).`;
    throw new HoldfastError('HF4001', `${intake.title}: ${known.message}`, { cause: error, remedy });
  }
}

function fileOf(value: string, what: string): string {
  const path = value.replace(/^@/, '');
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new HoldfastError('HF7002', `the ${what} file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Without the text: it may hold a secret. */
function misspelt(name: string): HoldfastError {
  return new HoldfastError('HF7002', `--intake ${name}=… is not understood`, { remedy: `Write ${SHAPE}.` });
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
