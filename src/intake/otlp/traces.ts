/**
 * ExportTraceServiceRequest → span rows. Of a span only ids, kind, times, status and, for calls going out, the few
 * attributes that name the callee are looked at; names, events, links and other attributes are skipped unread.
 *
 * Field numbers: opentelemetry/proto/trace/v1/trace.proto.
 */
import type { BatchBuilder, IntakeContext, SpanRow } from '../contract.ts';
import { SPAN_ENTRY, SPAN_EXIT, SPAN_INTERNAL } from '../contract.ts';
import { mixIds } from '../fold/columns.ts';
import { Cursor, wordBytes } from '../wire/protobuf.ts';
import { entityOf, LEN1, LEN2, readResource } from './resource.ts';

const TRACE_ID = LEN1;
const SPAN_ID = LEN2;
const PARENT_ID = (4 << 3) | 2;
const KIND = 6 << 3;
const START = (7 << 3) | 1;
const END = (8 << 3) | 1;
const ATTRIBUTE = (9 << 3) | 2;
const STATUS = (15 << 3) | 2;
const STATUS_CODE = 3 << 3;
const STATUS_ERROR = 2;
const INT_VALUE = 3 << 3;

/** SpanKind: unspecified, internal, server, client, producer, consumer. */
const KINDS = [SPAN_INTERNAL, SPAN_INTERNAL, SPAN_ENTRY, SPAN_EXIT, SPAN_EXIT, SPAN_ENTRY] as const;

/** What names a callee, in today's and yesterday's semantic conventions. */
const PEER_SERVICE = wordBytes('peer.service');
const SERVER_ADDRESS = wordBytes('server.address');
const NET_PEER_NAME = wordBytes('net.peer.name');
const SERVER_PORT = wordBytes('server.port');
const NET_PEER_PORT = wordBytes('net.peer.port');
const DB_SYSTEM = wordBytes('db.system');
const DB_SYSTEM_NAME = wordBytes('db.system.name');
const MESSAGING_SYSTEM = wordBytes('messaging.system');

/** Where the interesting attributes' text lies; 0 length: not there. One at a time: decoding is synchronous. */
const peer = {
  serviceAt: 0,
  serviceEnd: 0,
  addressAt: 0,
  addressEnd: 0,
  port: 0,
  systemAt: 0,
  systemEnd: 0,
  database: false,
};
const row: SpanRow = {
  entity: 0,
  peer: 0,
  peerCertain: false,
  idLow: 0,
  idHigh: 0,
  parentLow: 0,
  parentHigh: 0,
  durationUs: 0,
  kind: SPAN_INTERNAL,
  error: false,
};

/** Throws Malformed; nothing is committed. */
export function decodeTraces(bytes: Uint8Array, context: IntakeContext, batch: BatchBuilder): void {
  const cursor = new Cursor(bytes);
  const end = bytes.length;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) resourceSpans(cursor, cursor.open(end), context, batch);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
}

function resourceSpans(cursor: Cursor, end: number, context: IntakeContext, batch: BatchBuilder): void {
  const entity = entityOf(context, readResource(cursor, end));
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN2) {
      cursor.skip(tag, end);
      continue;
    }
    const scope = cursor.open(end);
    while (cursor.at < scope) {
      const inner = cursor.tag();
      if (inner === LEN2) span(cursor, cursor.open(scope), entity, context, batch);
      else cursor.skip(inner, scope);
    }
    cursor.close(scope);
  }
  cursor.close(end);
}

function span(cursor: Cursor, end: number, entity: number, context: IntakeContext, batch: BatchBuilder): void {
  let [traceLow, traceHigh, idLow, idHigh, parentLow, parentHigh] = [0, 0, 0, 0, 0, 0];
  let [startLow, startHigh, endLow, endHigh] = [0, 0, 0, 0];
  let kind = 0;
  let error = false;
  let sound = 0;
  let attributesAt = -1;
  while (cursor.at < end) {
    const tagAt = cursor.at;
    const tag = cursor.tag();
    switch (tag) {
      case TRACE_ID: {
        const inner = cursor.open(end);
        if (inner - cursor.at === 16) {
          cursor.at += 8;
          traceLow = cursor.lower();
          traceHigh = cursor.upper();
          sound |= 1;
        }
        cursor.at = inner;
        break;
      }
      case SPAN_ID: {
        const inner = cursor.open(end);
        if (inner - cursor.at === 8) {
          idLow = cursor.lower();
          idHigh = cursor.upper();
          sound |= 2;
        }
        cursor.at = inner;
        break;
      }
      case PARENT_ID: {
        const inner = cursor.open(end);
        if (inner - cursor.at === 8) {
          parentLow = cursor.lower();
          parentHigh = cursor.upper();
        }
        cursor.at = inner;
        break;
      }
      case KIND:
        kind = cursor.varint();
        break;
      case START:
        startLow = cursor.lower();
        startHigh = cursor.upper();
        break;
      case END:
        endLow = cursor.lower();
        endHigh = cursor.upper();
        break;
      case STATUS:
        error = status(cursor, cursor.open(end));
        break;
      case ATTRIBUTE:
        if (attributesAt < 0) attributesAt = tagAt;
        cursor.at = cursor.open(end);
        break;
      default:
        cursor.skip(tag, end);
    }
  }
  cursor.close(end);
  if (sound !== 3 || entity === 0) {
    batch.drop('spans', sound !== 3 ? 'malformed' : 'too-many-entities');
    return;
  }
  row.entity = entity;
  row.kind = KINDS[kind] ?? SPAN_INTERNAL;
  row.error = error;
  row.idLow = mixIds(idLow, traceLow);
  row.idHigh = mixIds(idHigh, traceHigh);
  row.parentLow = mixIds(parentLow, traceLow);
  row.parentHigh = mixIds(parentHigh, traceHigh);
  row.durationUs = ((endHigh - startHigh) * 4_294_967_296 + ((endLow >>> 0) - (startLow >>> 0))) / 1_000;
  row.peer = 0;
  row.peerCertain = false;
  if (row.kind === SPAN_EXIT && attributesAt >= 0) callee(cursor, attributesAt, end, context);
  batch.spans.add(row);
}

function status(cursor: Cursor, end: number): boolean {
  let code = 0;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === STATUS_CODE) code = cursor.varint();
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  return code === STATUS_ERROR;
}

/** Second look at an exit's attributes: whom did it call? */
function callee(cursor: Cursor, from: number, end: number, { entities }: IntakeContext): void {
  peer.serviceEnd = peer.serviceAt = peer.addressEnd = peer.addressAt = peer.systemEnd = peer.systemAt = peer.port = 0;
  peer.database = false;
  cursor.at = from;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === ATTRIBUTE) attribute(cursor, cursor.open(end));
    else cursor.skip(tag, end);
  }
  const { bytes } = cursor;
  if (peer.serviceEnd > peer.serviceAt) {
    row.peer = entities.idOfBytes(bytes, peer.serviceAt, peer.serviceEnd);
    row.peerCertain = true;
  } else if (peer.addressEnd > peer.addressAt) {
    row.peer = entities.idOfBytes(bytes, peer.addressAt, peer.addressEnd, peer.port);
    row.peerCertain = peer.database;
  } else if (peer.systemEnd > peer.systemAt) {
    row.peer = entities.idOfBytes(bytes, peer.systemAt, peer.systemEnd);
    row.peerCertain = peer.database;
  }
}

function attribute(cursor: Cursor, end: number): void {
  if (cursor.tag() !== LEN1) {
    // A key that is not first: legal, and never sent.
    cursor.at = end;
    return;
  }
  const keyEnd = cursor.open(end);
  const start = cursor.at;
  const length = keyEnd - start;
  cursor.at = keyEnd;
  // The lengths of the words above; most attributes are done here.
  if (length < 9 || length > 16 || keyEnd >= end) cursor.at = end;
  else if (length === 12 && cursor.matches(start, keyEnd, PEER_SERVICE)) text(cursor, end, 'serviceAt', 'serviceEnd');
  else if (cursor.matches(start, keyEnd, SERVER_ADDRESS) || cursor.matches(start, keyEnd, NET_PEER_NAME))
    text(cursor, end, 'addressAt', 'addressEnd');
  else if (cursor.matches(start, keyEnd, DB_SYSTEM) || cursor.matches(start, keyEnd, DB_SYSTEM_NAME)) {
    peer.database = true;
    text(cursor, end, 'systemAt', 'systemEnd');
  } else if (cursor.matches(start, keyEnd, MESSAGING_SYSTEM)) text(cursor, end, 'systemAt', 'systemEnd');
  else if (cursor.matches(start, keyEnd, SERVER_PORT) || cursor.matches(start, keyEnd, NET_PEER_PORT))
    port(cursor, end);
  else cursor.at = end;
}

function text(
  cursor: Cursor,
  end: number,
  at: 'serviceAt' | 'addressAt' | 'systemAt',
  to: 'serviceEnd' | 'addressEnd' | 'systemEnd',
): void {
  if (cursor.tag() === LEN2) {
    const value = cursor.open(end);
    if (cursor.at < value && cursor.tag() === LEN1) {
      const inner = cursor.open(value);
      peer[at] = cursor.at;
      peer[to] = inner;
    }
  }
  cursor.at = end;
}

function port(cursor: Cursor, end: number): void {
  if (cursor.tag() === LEN2) {
    const value = cursor.open(end);
    if (cursor.at < value && cursor.tag() === INT_VALUE) peer.port = cursor.varint() & 0xffff;
  }
  cursor.at = end;
}
