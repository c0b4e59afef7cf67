/**
 * Zabbix trapper: what zabbix_sender and agents in active mode send to a server. Numbers become gauges `key` with label
 * host, texts log lines. One request a connection; the answer says how many values were taken.
 *
 * Format: zabbix.com/documentation, "Header and data length" and "Trapper items".
 */
import { inflateSync } from 'node:zlib';
import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';
import { isObject, type JsonObject, parseJson, textOf } from '../wire/json.ts';
import { Malformed } from '../wire/protobuf.ts';
import { noToken, serveTcp, type TcpPeer } from '../wire/sockets.ts';
import { secondsMs } from '../wire/time.ts';

const NAME = 'zabbix';
const MAGIC = 'ZBXD';
const [PLAIN, COMPRESSED, LARGE] = [1, 2, 4];

export const zabbix: Intake = {
  name: NAME,
  title: 'Zabbix sender',
  transport: 'tcp',
  port: 10_051,
  hasPsk: true,
  start: async (context, options) => {
    noToken(NAME, options);
    const connect = (peer: TcpPeer) => ({
      consume: (bytes: Buffer): number => {
        const frame = readFrame(bytes, context.limits.maxRequestBytes);
        if (!frame) return 0;
        peer.write(zabbixFrame(JSON.stringify(answer(frame.body, context))));
        peer.end();
        return bytes.length;
      },
    });
    return serveTcp(context, { name: NAME, port: 10_051, maxBytes: context.limits.maxRequestBytes, connect }, options);
  },
};

/** Undefined while it is not all there. Throws Malformed. */
export function readFrame(bytes: Buffer, most: number): { body: Buffer; end: number } | undefined {
  if (!MAGIC.startsWith(bytes.toString('latin1', 0, 4))) throw new Malformed('not a Zabbix header');
  if (bytes.length < 5) return undefined;
  const flags = bytes[4] as number;
  if (!(flags & PLAIN) || flags > (PLAIN | COMPRESSED | LARGE)) throw new Malformed('unknown Zabbix flags');
  const width = flags & LARGE ? 8 : 4;
  const start = 5 + width * 2;
  if (bytes.length < start) return undefined;
  const size = (at: number): number => (width === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  const length = size(5);
  const unpacked = flags & COMPRESSED ? size(5 + width) : length;
  if (length > most || unpacked > most) throw new Malformed(`more than ${most} bytes`);
  if (bytes.length < start + length) return undefined;
  const body = bytes.subarray(start, start + length);
  if (!(flags & COMPRESSED)) return { body, end: start + length };
  try {
    return { body: inflateSync(body, { maxOutputLength: Math.max(1, unpacked) }), end: start + length };
  } catch {
    throw new Malformed('the body is not zlib');
  }
}

export function zabbixFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(13);
  head.write(MAGIC);
  head[4] = PLAIN;
  head.writeUInt32LE(body.length, 5);
  return Buffer.concat([head, body]);
}

function answer(body: Buffer, context: IntakeContext): object {
  const begin = context.now();
  try {
    const request = parseJson(body.toString('utf8'));
    if (!isObject(request)) throw new Malformed('not an object');
    if (request.request !== 'sender data' && request.request !== 'agent data') {
      context.meter.dropped(NAME, 'requests', 'unsupported', 1);
      return { response: 'failed', info: `unsupported request "${textOf(request.request).slice(0, 60)}"` };
    }
    if (!Array.isArray(request.data)) throw new Malformed('no data');
    const batch = context.batch(NAME);
    let failed = 0;
    for (const item of request.data) if (!take(item, request, context, batch)) failed++;
    batch.commit();
    const total = request.data.length;
    const seconds = ((context.now() - begin) / 1_000).toFixed(6);
    return {
      response: 'success',
      info: `processed: ${total - failed}; failed: ${failed}; total: ${total}; seconds spent: ${seconds}`,
    };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    context.meter.dropped(NAME, 'requests', 'malformed', 1);
    return { response: 'failed', info: error.message };
  }
}

/** False: left out, and counted. */
function take(item: unknown, request: JsonObject, context: IntakeContext, batch: BatchBuilder): boolean {
  if (!isObject(item) || typeof item.host !== 'string' || typeof item.key !== 'string' || item.value === undefined) {
    batch.drop('points', 'malformed');
    return false;
  }
  const { host, key } = item;
  const text = textOf(item.value);
  const clock = secondsMs(item.clock ?? request.clock, context.wallMs());
  const wallMs = clock + (typeof item.ns === 'number' ? item.ns / 1e6 : 0);
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) {
    const { maxLineBytes } = context.limits;
    batch.log({
      wallMs,
      service: key,
      instance: host,
      severity: null,
      text: text.slice(0, maxLineBytes),
      attributes: {},
    });
    return true;
  }
  if (host.length > context.limits.maxLabelBytes || key.length > context.limits.maxLabelBytes) {
    batch.drop('points', 'too-many-labels');
    return false;
  }
  hashStart();
  hashText(host);
  hashText(key);
  const [low, high] = [hashLow(), hashHigh()];
  const draft = { name: key, labels: { host }, kind: 'gauge', unit: '', source: host } as const;
  const known = context.series.find(low, high) ?? context.series.add(low, high, draft);
  if (known) batch.point(known.series, wallMs, value);
  else batch.drop('points', 'too-many-series');
  return known !== undefined;
}
