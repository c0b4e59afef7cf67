/**
 * The standard gRPC health protocol: grpc.health.v1.Health/Check. One message with one field each way, so it is
 * coded by hand; a gRPC library would be the largest dependency of the whole product.
 */
import { connect, constants } from 'node:http2';
import { NO_CONNECTION } from '../../model/signal.ts';
import { connectionError, INSTANCE_HOST, type ProbeOf, portOf } from './probe.ts';

const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const MAX_REPLY_BYTES = 64 * 1024;

export const grpcProbe: ProbeOf<'grpc'> = (probe, { launch }) => {
  const authority = `http://${INSTANCE_HOST}:${portOf(launch, probe.port)}`;
  const message = encodeRequest(probe.service);
  return (signal) =>
    new Promise((resolve) => {
      const session = connect(authority);
      const finish = (error: string | null): void => {
        signal.removeEventListener('abort', abort);
        session.destroy();
        resolve(error);
      };
      const abort = (): void => finish(session.connecting ? NO_CONNECTION : 'aborted');
      signal.addEventListener('abort', abort, { once: true });
      session.once('error', (error) => finish(connectionError(error)));
      session.once('close', () => finish('closed without an answer'));
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_TE]: 'trailers',
      });
      let status = 200;
      let grpcStatus = '';
      let reply = Buffer.alloc(0);
      const takeStatus = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) grpcStatus = String(headers['grpc-status']);
      };
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
        takeStatus(headers);
      });
      stream.on('trailers', takeStatus);
      stream.on('data', (data: Buffer) => {
        reply = Buffer.concat([reply, data]);
        if (reply.length > MAX_REPLY_BYTES) finish('answer too long');
      });
      stream.on('error', (error) => finish(connectionError(error)));
      stream.on('end', () => finish(judge(status, grpcStatus, reply)));
      stream.end(message);
    });
};

function judge(status: number, grpcStatus: string, reply: Buffer): string | null {
  if (status !== 200) return `status ${status}`;
  if (grpcStatus !== '0') return grpcStatus === '' ? 'no grpc-status' : `grpc-status ${grpcStatus}`;
  const serving = decodeReply(reply);
  if (serving === undefined) return 'answer not understood';
  return serving === 1 ? null : (SERVING_STATUS[serving] ?? `serving status ${serving}`);
}

/** HealthCheckRequest { string service = 1 }, in a frame: not compressed, four bytes of length. */
export function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const body = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(body.length, 1);
  return Buffer.concat([frame, body]);
}

/** HealthCheckResponse { ServingStatus status = 1 }; a field that is not there is 0. */
export function decodeReply(reply: Buffer): number | undefined {
  if (reply.length < 5 || reply[0] !== 0) return undefined;
  const body = reply.subarray(5);
  if (body.length !== reply.readUInt32BE(1)) return undefined;
  let status = 0;
  for (let at = 0; at < body.length; ) {
    const key = readVarint(body, at);
    if (!key) return undefined;
    const value = readVarint(body, key.next);
    if (!value) return undefined;
    const wireType = key.value & 7;
    if (key.value >> 3 === 1 && wireType === 0) status = value.value;
    if (wireType === 0) at = value.next;
    else if (wireType === 2) at = value.next + value.value;
    else return undefined;
  }
  return status;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let at = from, factor = 1; at < bytes.length && at < from + 5; at++, factor *= 128) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}
