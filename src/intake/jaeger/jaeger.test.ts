import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from '../testing/rig.ts';
import { Malformed } from '../wire/protobuf.ts';
import { decodeJaeger } from './index.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

const field = (type: number, id: number, ...body: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.of(type, id >> 8, id), ...body]);
const i32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
};
const i64 = (value: number | bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(value));
  return out;
};
const text = (value: string): Buffer => Buffer.concat([i32(Buffer.byteLength(value)), Buffer.from(value)]);
const struct = (...fields: Buffer[]): Buffer => Buffer.concat([...fields, Buffer.of(0)]);
const list = (...items: Buffer[]): Buffer => Buffer.concat([Buffer.of(12), i32(items.length), ...items]);
const tag = (key: string, value: string | boolean | number): Buffer => {
  const typed =
    typeof value === 'string'
      ? [field(8, 2, i32(0)), field(11, 3, text(value))]
      : typeof value === 'boolean'
        ? [field(8, 2, i32(2)), field(2, 5, Buffer.of(value ? 1 : 0))]
        : [field(8, 2, i32(3)), field(10, 6, i64(value))];
  return struct(field(11, 1, text(key)), ...typed);
};

function span(id: number, parent: number, tags: Buffer[], more: Buffer[] = []): Buffer {
  return struct(
    field(10, 1, i64(0x5af7183fb1d4cf5fn)),
    field(10, 2, i64(0)),
    field(10, 3, i64(id)),
    field(10, 4, i64(parent)),
    field(11, 5, text('GET /')),
    field(8, 7, i32(1)),
    field(10, 8, i64(1_700_000_000_000_000)),
    field(10, 9, i64(1_431)),
    field(15, 10, list(...tags)),
    field(15, 11, list(struct(field(10, 1, i64(1)), field(15, 2, list(tag('event', 'x')))))),
    ...more,
  );
}
const batchOf = (service: string, ...spans: Buffer[]): Buffer =>
  struct(
    field(12, 1, struct(field(11, 1, text(service)), field(15, 2, list(tag('hostname', 'h'))))),
    field(15, 2, list(...spans)),
  );

function take(...requests: readonly Uint8Array[]): Rig {
  open = rig();
  for (const bytes of requests) {
    const batch = open.hub.batch('jaeger-thrift');
    decodeJaeger(bytes, open.hub, batch);
    batch.commit();
  }
  return open;
}

describe('Jaeger batches', () => {
  const kind = (value: string): Buffer => tag('span.kind', value);
  const shop = batchOf(
    'shop',
    span(1, 0, [kind('server')]),
    span(2, 1, [kind('client'), tag('http.method', 'GET'), tag('error', true)]),
    span(4, 1, [kind('client'), tag('peer.hostname', 'db'), tag('peer.port', 5_432), tag('db.type', 'sql')]),
  );
  const reference = struct(field(8, 1, i32(0)), field(10, 2, i64(1)), field(10, 3, i64(0)), field(10, 4, i64(2)));
  const pay = batchOf('pay', span(3, 0, [kind('server')], [field(15, 6, list(reference))]));

  it('begin with the bytes that the clients send, and become edges', () => {
    expect(shop.subarray(0, 6).toString('hex')).toBe('0c00010b0001');
    const under = take(shop, pay);
    under.settle();
    expect(under.edges()).toEqual(['(outside)>shop 1/0', 'shop>db:5432 1/0', 'shop>pay 1/1']);
  });

  it('leave nothing behind when they are cut short', () => {
    for (let length = 0; length < shop.length; length++) {
      expect(() => take(shop.subarray(0, length))).toThrow(Malformed);
      open?.settle();
      expect(open?.edges()).toEqual([]);
      open?.hub.close();
    }
  });

  it('end with spans or Malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(shop);
        bytes[at % bytes.length] = byte;
        try {
          take(bytes);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
        open?.hub.close();
      }),
      { numRuns: 500 },
    );
  });
});
