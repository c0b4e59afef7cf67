import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Malformed } from '../wire/protobuf.ts';
import { readFrame, zabbixFrame } from './index.ts';

describe('Zabbix frames', () => {
  it('are complete when they are, plain or compressed', () => {
    const text = '{"request":"sender data","data":[]}';
    const plain = zabbixFrame(text);
    for (let length = 0; length < plain.length; length++)
      expect(readFrame(plain.subarray(0, length), 1_000)).toBeUndefined();
    expect(readFrame(plain, 1_000)?.body.toString()).toBe(text);
    const body = deflateSync(text);
    const head = Buffer.alloc(13);
    head.write('ZBXD');
    head[4] = 3;
    head.writeUInt32LE(body.length, 5);
    head.writeUInt32LE(text.length, 9);
    expect(readFrame(Buffer.concat([head, body]), 1_000)?.body.toString()).toBe(text);
    head.writeUInt32LE(text.length - 1, 9);
    expect(() => readFrame(Buffer.concat([head, body]), 1_000)).toThrow('not zlib');
    expect(() => readFrame(plain, 10)).toThrow('more than 10 bytes');
  });

  it('are refused at the first wrong byte', () => {
    expect(() => readFrame(Buffer.from('GET'), 1_000)).toThrow(Malformed);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          readFrame(Buffer.concat([Buffer.from('ZBXD'), bytes]), 1_000);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
    );
  });
});
