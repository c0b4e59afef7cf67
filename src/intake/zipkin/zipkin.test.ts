import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { accept, KINDS } from '../otlp/decode.ts';
import { toProtobuf } from '../otlp/json.ts';
import { type Rig, rig } from '../testing/rig.ts';
import { Malformed } from '../wire/protobuf.ts';
import { decodeZipkin } from './index.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function take(...requests: readonly unknown[]): Rig {
  open = rig();
  for (const spans of requests) {
    const batch = open.hub.batch('zipkin');
    decodeZipkin(JSON.stringify(spans), open.hub, batch);
    batch.commit();
  }
  return open;
}

const span = (id: string, kind: string, serviceName: string, more: object = {}): object => ({
  traceId: '5af7183fb1d4cf5f',
  id,
  kind,
  name: 'get',
  timestamp: 1_700_000_000_000_000,
  duration: 1_431,
  localEndpoint: { serviceName },
  ...more,
});

describe('Zipkin spans', () => {
  it('become edges, by parent or by shared id, errors included', () => {
    const under = take(
      [span('a1', 'SERVER', 'shop'), span('a2', 'CLIENT', 'shop', { parentId: 'a1' })],
      [span('a2', 'SERVER', 'pay', { parentId: 'a1', shared: true, tags: { error: 'refused' } })],
      [span('a3', 'PRODUCER', 'pay', { parentId: 'a2' }), span('a4', 'CONSUMER', 'mail', { parentId: 'a3' })],
      [span('a5', 'CLIENT', 'mail', { remoteEndpoint: { serviceName: 'smtp', port: 25 } })],
    );
    under.settle();
    expect(under.edges()).toEqual(['(outside)>shop 1/0', 'mail>smtp 1/0', 'pay>mail 1/0', 'shop>pay 1/1']);
  });

  it('find their other half when that was told by OTLP', () => {
    const under = take([span('00000000000000a2', 'CLIENT', 'shop')]);
    const kind = KINDS[0] as (typeof KINDS)[number];
    const otlp = {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'pay' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: '00000000000000005af7183fb1d4cf5f',
                  spanId: '00000000000000b1',
                  parentSpanId: '00000000000000a2',
                  kind: 2,
                },
              ],
            },
          ],
        },
      ],
    };
    accept(kind, toProtobuf(otlp, kind.json), under.hub, 'otlp-http');
    under.advance(1_000);
    expect(under.edges()).toEqual(['shop>pay 1/0']);
  });

  it('that are wrong refuse the request and leave nothing behind', () => {
    for (const [spans, error] of [
      [{}, 'expected a list'],
      [[7], 'span 0 is not an object'],
      [[span('a1', 'SERVER', 'shop'), span('xyz', 'SERVER', 'shop')], 'span 1: id is not'],
      [[{ id: 'a' }], 'traceId'],
    ] as const) {
      expect(() => take(spans)).toThrow(error);
      open?.settle();
      expect(open?.edges()).toEqual([]);
    }
  });

  it('end with spans or Malformed, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          take([JSON.parse(text)]);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
        open?.hub.close();
      }),
    );
  });
});
