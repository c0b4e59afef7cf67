import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig, WALL_MS } from '../testing/rig.ts';
import { Malformed } from '../wire/protobuf.ts';
import { Forward } from './index.ts';
import { EventTime, MsgReader, MsgScanner, type MsgValue, msgpack } from './msgpack.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function send(bytes: Buffer, pieces = 1): { lines: string[]; answers: MsgValue[] } {
  open = rig();
  const answers: MsgValue[] = [];
  const write = (out: Uint8Array | string): void =>
    void answers.push(new MsgReader(Buffer.from(out as Uint8Array)).value());
  const forward = new Forward(open.hub, { remote: '10.0.0.1', write, end: () => {} }, undefined);
  let from = 0;
  for (let n = 1; n <= pieces; n++)
    from += forward.consume(bytes.subarray(from, Math.ceil((bytes.length * n) / pieces)));
  const logs = open.batches.flatMap((batch) => batch.logs);
  return { lines: logs.map(({ service, text, wallMs }) => `${service} ${wallMs - WALL_MS} ${text}`), answers };
}

const at = WALL_MS / 1_000;
const entry = (text: string): MsgValue => [at, { log: text }];
const packed = (...texts: string[]): Buffer => Buffer.concat(texts.map((text) => msgpack(entry(text))));

describe('Fluent forward', () => {
  it('takes every mode, in any number of pieces, and acknowledges what asks for it', () => {
    const stream = Buffer.concat([
      msgpack(['app.a', at, { message: 'one', level: 'warn' }]),
      msgpack(null),
      msgpack(['app.b', new EventTime(at, 500_000_000), { log: 'two\n', container_name: '/shop' }, { chunk: 'c1' }]),
      msgpack(['app.c', [entry('three'), entry('four')], { chunk: 'c2' }]),
      msgpack(['app.d', packed('five', 'six'), { size: 2 }]),
      msgpack(['app.e', Buffer.concat([gzipSync(packed('seven')), gzipSync(packed('eight'))]), { compressed: 'gzip' }]),
      msgpack(['app.f', at, { a: 1, b: { c: true } }]),
    ]);
    for (const pieces of [1, 2, 7, stream.length]) {
      const { lines, answers } = send(stream, pieces);
      expect(lines).toEqual([
        'app.a 0 one',
        'shop 500 two',
        'app.c 0 three',
        'app.c 0 four',
        'app.d 0 five',
        'app.d 0 six',
        'app.e 0 seven',
        'app.e 0 eight',
        'app.f 0 {"a":1,"b":{"c":true}}',
      ]);
      expect(answers).toEqual([{ ack: 'c1' }, { ack: 'c2' }]);
    }
  });

  it('refuses a message as a whole, and does not acknowledge it', () => {
    for (const wrong of [
      7,
      ['tag'],
      [1, 2, {}],
      ['t', at, 'text'],
      ['t', [[at, { a: 1 }], 'x'], { chunk: 'c' }],
    ] as MsgValue[]) {
      expect(() => send(msgpack(wrong))).toThrow(Malformed);
      expect(open?.batches).toEqual([]);
    }
  });

  it('msgpack: what is written is found and read, what is not never runs on', () => {
    const value: fc.Arbitrary<MsgValue> = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.nat(),
        fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
        fc.string(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
      ) as fc.Arbitrary<MsgValue>,
    })).value as fc.Arbitrary<MsgValue>;
    fc.assert(
      fc.property(value, fc.uint8Array(), (one, tail) => {
        const bytes = msgpack(one);
        expect(new MsgScanner().end(Buffer.concat([bytes, tail]))).toBe(bytes.length);
        expect(new MsgReader(bytes).value()).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const end = new MsgScanner().end(bytes);
          if (end >= 0) {
            const reader = new MsgReader(bytes);
            reader.value();
            expect(reader.at).toBe(end);
          }
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
