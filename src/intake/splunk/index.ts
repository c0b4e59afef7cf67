/**
 * Splunk's HTTP Event Collector: JSON events one after another (/services/collector/event), raw lines
 * (/services/collector/raw), acknowledgements and the health check. With acknowledgement asked for (a channel), an id
 * is given and confirmed at once: what was answered with success was taken.
 *
 * Codes: docs.splunk.com, "Troubleshoot HTTP Event Collector".
 */

import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { severityOf } from '../severity.ts';
import { type HttpProtocol, type HttpReply, type HttpRequest, serveHttp } from '../wire/http.ts';
import { flat, isObject, type JsonObject, parseJson, textOf } from '../wire/json.ts';
import { Malformed } from '../wire/protobuf.ts';
import { secondsMs } from '../wire/time.ts';
import { splitObjects } from './split.ts';

const NAME = 'splunk-hec';
const MESSAGE_KEYS = ['message', 'msg', 'log', 'line', 'text'];

export const splunkHec: Intake = {
  name: NAME,
  title: 'Splunk HTTP Event Collector',
  transport: 'http',
  port: 8088,
  start: (context, options) => {
    let nextAck = 0;
    const protocol: HttpProtocol = {
      name: NAME,
      port: 8088,
      open: (path) => path.startsWith('/services/collector/health'),
      tokenOf: (headers, query) =>
        /^Splunk (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? query.get('token') ?? undefined,
      refuse: (status, message) => {
        if (status === 401)
          return message === 'a token is required'
            ? answer(401, 'Token is required', 2)
            : answer(403, 'Invalid token', 4);
        if (status === 503) return answer(503, 'Server is busy', 9);
        if (status === 500) return answer(500, 'Internal server error', 8);
        return answer(status, status === 413 ? 'Request entity too large' : message, 6);
      },
      handle: (request) => handle(request, context, () => nextAck++),
    };
    return serveHttp(context, protocol, options);
  },
};

function answer(status: number, text: string, code: number, more: object = {}): HttpReply {
  return { status, type: 'application/json', body: JSON.stringify({ text, code, ...more }) };
}

function handle(request: HttpRequest, context: IntakeContext, ack: () => number): HttpReply {
  const path = request.path.replace(/\/$/, '').replace(/\/1\.0$/, '');
  if (path === '/services/collector/health') return answer(200, 'HEC is healthy', 17);
  const refused = (status: number, text: string, code: number, more: object = {}): HttpReply => {
    context.meter.dropped(NAME, 'requests', code === 6 ? 'malformed' : 'unsupported', 1);
    return answer(status, text, code, more);
  };
  if (request.method !== 'POST') return refused(405, 'The requested URL was not found on this server.', 404);
  const channel = request.headers['x-splunk-request-channel'] ?? request.query.get('channel');
  if (path === '/services/collector/ack') return acks(request, channel !== null);
  const batch = context.batch(NAME);
  if (path === '/services/collector/raw') raw(request, context, batch);
  else if (path === '/services/collector' || path === '/services/collector/event') {
    const wrong = events(request.body.toString('utf8'), request.remote, context, batch);
    if (wrong) return refused(400, wrong.text, wrong.code, { 'invalid-event-number': wrong.event });
  } else return refused(404, 'The requested URL was not found on this server.', 404);
  if (request.body.length === 0) return refused(400, 'No data', 5);
  batch.commit();
  return answer(200, 'Success', 0, channel ? { ackId: ack() } : {});
}

/** All that were given out are done. */
function acks({ body }: HttpRequest, hasChannel: boolean): HttpReply {
  if (!hasChannel) return answer(400, 'Data channel is missing', 10);
  let asked: unknown;
  try {
    asked = parseJson(body.toString('utf8'));
  } catch {
    return answer(400, 'Invalid data format', 6);
  }
  const ids = isObject(asked) && Array.isArray(asked.acks) ? asked.acks : [];
  return {
    status: 200,
    type: 'application/json',
    body: JSON.stringify({ acks: Object.fromEntries(ids.slice(0, 10_000).map((id) => [textOf(id), true])) }),
  };
}

/** What is wrong with which event; null when all are in the batch. */
export function events(
  text: string,
  remote: string,
  context: IntakeContext,
  batch: BatchBuilder,
): { text: string; code: number; event: number } | null {
  let number = 0;
  try {
    for (const part of splitObjects(text)) {
      const event = parseJson(part);
      if (!isObject(event)) return { text: 'Invalid data format', code: 6, event: number };
      if (event.event === undefined && !isMetric(event))
        return { text: 'Event field is required', code: 12, event: number };
      if (event.event === '') return { text: 'Event field cannot be blank', code: 13, event: number };
      take(event, remote, context, batch);
      number++;
    }
  } catch (error) {
    if (error instanceof Malformed) return { text: 'Invalid data format', code: 6, event: number };
    throw error;
  }
  return null;
}

function isMetric(event: JsonObject): boolean {
  return isObject(event.fields) && Object.keys(event.fields).some((name) => name.startsWith('metric_name:'));
}

function take(event: JsonObject, remote: string, context: IntakeContext, batch: BatchBuilder): void {
  const { maxLineBytes, maxLabels } = context.limits;
  if (event.event === 'metric' || event.event === undefined) {
    batch.drop('points', 'unsupported');
    return;
  }
  const record = isObject(event.event) ? event.event : null;
  const message = record
    ? MESSAGE_KEYS.map((key) => record[key]).find((value) => typeof value === 'string')
    : undefined;
  const text = message === undefined ? textOf(event.event) : textOf(message);
  if (text.length > maxLineBytes) batch.drop('logs', 'cut');
  const attributes = {
    ...flat(record, maxLabels, MESSAGE_KEYS),
    ...flat(event.fields, maxLabels),
    ...flat({ sourcetype: event.sourcetype, index: event.index }, 2),
  };
  batch.log({
    wallMs: secondsMs(event.time, context.wallMs()),
    service: textOf(event.source) || textOf(event.sourcetype),
    instance: textOf(event.host) || remote,
    severity: severityOf(attributes.severity ?? attributes.level ?? ''),
    text: text.slice(0, maxLineBytes),
    attributes,
  });
}

function raw({ body, query, remote }: HttpRequest, context: IntakeContext, batch: BatchBuilder): void {
  for (const text of body.toString('utf8').split(/\r?\n/)) {
    if (text === '') continue;
    if (text.length > context.limits.maxLineBytes) batch.drop('logs', 'cut');
    batch.log({
      wallMs: secondsMs(query.get('time'), context.wallMs()),
      service: query.get('source') ?? query.get('sourcetype') ?? '',
      instance: query.get('host') ?? remote,
      severity: null,
      text: text.slice(0, context.limits.maxLineBytes),
      attributes: {},
    });
  }
}
