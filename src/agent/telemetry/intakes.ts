/**
 * Which protocols are listened for, as the user says it: `otlp-http`, `otlp-http=127.0.0.1:4318`, `otlp-http=auto`,
 * `splunk-hec=0.0.0.0:8088,token=@/etc/holdfast/hec`. Anything beyond loopback must be asked for by its address.
 */
import { readFileSync } from 'node:fs';
import type { Intake, IntakeContext, ListenOptions, RunningIntake } from '../../intake/contract.ts';
import type { ScrapeTarget } from '../../intake/prometheus/scrape.ts';
import { INTAKES } from '../../intake/registry.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { nearest } from '../../model/suggest.ts';

export interface IntakeRequest {
  readonly intake: Intake;
  readonly options: ListenOptions;
  /** Another free port will do when the protocol's own is taken. */
  readonly anyPort: boolean;
}

const SHAPE =
  'NAME, NAME=HOST:PORT, NAME=PORT or NAME=auto, with ,token=TEXT or ,token=@FILE where the protocol has one';

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
  const [address = '', ...settings] = rest.split(',');
  let token: string | undefined;
  for (const setting of settings) {
    const [key = '', value = ''] = split(setting, '=');
    if (key !== 'token' || value === '') throw misspelt(text);
    token = value.startsWith('@') ? tokenFrom(value.slice(1)) : value;
  }
  const secret = token === undefined ? {} : { token };
  if (address === '' || address === 'auto') return { intake, options: secret, anyPort: address === 'auto' };
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw misspelt(text);
  const host = match[1] ?? match[2];
  return { intake, options: { ...secret, port, ...(host === undefined ? {} : { host }) }, anyPort: false };
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

export async function openIntake(request: IntakeRequest, context: IntakeContext): Promise<RunningIntake> {
  const { intake, options, anyPort } = request;
  try {
    return await intake.start(context, options);
  } catch (error) {
    const known = asHoldfastError(error);
    if (known.code !== 'HF4001') throw known;
    if (anyPort) return intake.start(context, { ...options, port: 0 });
    const remedy = `Stop the program that listens there, or choose another address: --intake ${intake.name}=127.0.0.1:PORT (auto: any free port).`;
    throw new HoldfastError('HF4001', `${intake.title}: ${known.message}`, { cause: error, remedy });
  }
}

function tokenFrom(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new HoldfastError('HF7002', `the token file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function misspelt(text: string): HoldfastError {
  return new HoldfastError('HF7002', `--intake ${text} is not understood`, { remedy: `Write ${SHAPE}.` });
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
