/**
 * Fluent forward v1 over TCP: what Fluentd, Fluent Bit and Docker's fluentd log driver send. Message, Forward,
 * PackedForward and CompressedPackedForward; acknowledged when asked; with a token, the shared-key handshake.
 *
 * Specification: github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.
 */
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { severityOf } from '../severity.ts';
import { sameSecret } from '../wire/guard.ts';
import { flat, isObject } from '../wire/json.ts';
import { Malformed } from '../wire/protobuf.ts';
import { serveTcp, type TcpConnection, type TcpPeer } from '../wire/sockets.ts';
import { EventTime, MsgReader, MsgScanner, type MsgValue, msgpack } from './msgpack.ts';

const NAME = 'fluent';
const HOST = 'holdfast';
/** Where loggers put the text, most usual first. */
const MESSAGE_KEYS = ['log', 'message', 'msg', 'MESSAGE', 'text'];

export const fluent: Intake = {
  name: NAME,
  title: 'Fluent forward (Fluentd, Fluent Bit, Docker)',
  transport: 'tcp',
  port: 24_224,
  start: (context, options) => {
    const connect = (peer: TcpPeer): TcpConnection => new Forward(context, peer, options.token);
    return serveTcp(context, { name: NAME, port: 24_224, maxBytes: context.limits.maxRequestBytes, connect }, options);
  },
};

export class Forward implements TcpConnection {
  readonly #context: IntakeContext;
  readonly #peer: TcpPeer;
  readonly #key: string | undefined;
  readonly #nonce = randomBytes(16).toString('base64');
  readonly #scanner = new MsgScanner();
  #trusted: boolean;
  #sentAway = false;

  constructor(context: IntakeContext, peer: TcpPeer, key: string | undefined) {
    this.#context = context;
    this.#peer = peer;
    this.#key = key;
    this.#trusted = key === undefined;
    if (!this.#trusted) peer.write(msgpack(['HELO', { nonce: this.#nonce, auth: '', keepalive: true }]));
  }

  consume(bytes: Buffer): number {
    let from = 0;
    while (from < bytes.length) {
      const end = this.#scanner.end(bytes.subarray(from));
      if (end < 0) break;
      this.#message(new MsgReader(bytes.subarray(from, from + end)).value());
      from += end;
    }
    return from;
  }

  #message(message: MsgValue): void {
    // nil is a heartbeat.
    if (message === null || this.#sentAway) return;
    if (!Array.isArray(message)) throw new Malformed('a message is a list');
    if (!this.#trusted) {
      this.#ping(message);
      return;
    }
    const batch = this.#context.batch(NAME);
    const option = takeForward(message, this.#peer.remote, this.#context, batch);
    batch.commit();
    if (typeof option.chunk === 'string') this.#peer.write(msgpack({ ack: option.chunk }));
  }

  /** [PING, host, salt, sha512(salt + host + nonce + key), user, password digest]. */
  #ping(message: readonly MsgValue[]): void {
    const [kind, host, salt, digest] = message;
    if (kind !== 'PING' || typeof host !== 'string' || typeof digest !== 'string')
      throw new Malformed('PING must come first');
    const key = this.#key ?? '';
    const raw = salt instanceof Uint8Array ? Buffer.from(salt) : Buffer.from(String(salt));
    const sign = (name: string): string =>
      createHash('sha512').update(raw).update(name).update(this.#nonce).update(key).digest('hex');
    this.#trusted = sameSecret(digest, sign(host));
    const reason = this.#trusted ? '' : 'shared_key mismatch';
    this.#peer.write(msgpack(['PONG', this.#trusted, reason, HOST, this.#trusted ? sign(HOST) : '']));
    if (this.#trusted) return;
    this.#sentAway = true;
    this.#context.meter.dropped(NAME, 'requests', 'unauthorised', 1);
    this.#peer.end();
  }
}

/** The entries of one message into the batch; its options. Throws Malformed. */
export function takeForward(
  message: readonly MsgValue[],
  remote: string,
  context: IntakeContext,
  batch: BatchBuilder,
): { readonly [name: string]: MsgValue } {
  const [tag, second, third, fourth] = message;
  if (typeof tag !== 'string') throw new Malformed('a message begins with its tag');
  if (Array.isArray(second)) {
    for (const entry of second) {
      if (!Array.isArray(entry)) throw new Malformed('an entry is a list');
      line(tag, entry[0], entry[1], remote, context, batch);
    }
    return optionsOf(third);
  }
  if (second instanceof Uint8Array || typeof second === 'string') {
    const option = optionsOf(third);
    const packed = typeof second === 'string' ? Buffer.from(second, 'latin1') : second;
    const reader = new MsgReader(
      option.compressed === 'gzip' ? unzipped(packed, context.limits.maxRequestBytes) : packed,
    );
    while (!reader.done) {
      const entry = reader.value();
      if (!Array.isArray(entry)) throw new Malformed('an entry is a list');
      line(tag, entry[0], entry[1], remote, context, batch);
    }
    return option;
  }
  line(tag, second, third, remote, context, batch);
  return optionsOf(fourth);
}

function optionsOf(value: MsgValue | undefined): { readonly [name: string]: MsgValue } {
  return isObject(value) && !(value instanceof Uint8Array) ? (value as { [name: string]: MsgValue }) : {};
}

/** At once: one body of this kind is unpacked at a time, so it adds one request to the memory used, whoever sends. */
function unzipped(bytes: Uint8Array, most: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch {
    throw new Malformed('entries are not gzip, or unpack to too much');
  }
}

function line(
  tag: string,
  time: MsgValue | undefined,
  record: MsgValue | undefined,
  remote: string,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  if (!isObject(record)) throw new Malformed('a record is a map');
  const { maxLabels, maxLineBytes } = context.limits;
  const wallMs = time instanceof EventTime ? time.wallMs : typeof time === 'number' ? time * 1_000 : context.wallMs();
  const texts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record))
    texts[name] = value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  const key = MESSAGE_KEYS.find((one) => typeof texts[one] === 'string');
  const text = key === undefined ? JSON.stringify(texts) : String(texts[key]);
  if (text.length > maxLineBytes || Object.keys(texts).length > maxLabels) batch.drop('logs', 'cut');
  const attributes = flat(texts, maxLabels, key === undefined ? [] : [key]);
  batch.log({
    wallMs,
    service: attributes.service ?? attributes.container_name?.replace(/^\//, '') ?? tag,
    instance: attributes.host ?? attributes.hostname ?? remote,
    severity: severityOf(attributes.level ?? attributes.severity ?? ''),
    text: text.slice(0, maxLineBytes).replace(/\n$/, ''),
    attributes,
  });
}
