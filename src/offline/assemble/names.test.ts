import { describe, expect, it } from 'vitest';
import { type Gathered, type Measure, nothing, type ReadSpan } from '../contract.ts';
import { withOneName } from './aliases.ts';
import { withMentionedPeers } from './mentions.ts';

const SPAN: ReadSpan = {
  trace: 't',
  id: 'a',
  parent: 'p',
  service: 'cartservice',
  instance: null,
  host: null,
  kind: 'client',
  operation: 'GET',
  startMs: 0,
  durationMs: 1,
  failed: false,
  peer: null,
  message: null,
};
const span = (some: Partial<ReadSpan>): ReadSpan => ({ ...SPAN, ...some });
const level = (service: string): Measure => ({
  service,
  callee: null,
  view: 'callee',
  quantity: 'level',
  resource: 'cpu',
  instance: null,
  form: 'mean',
  rank: 0,
  atMs: [1],
  values: [1],
});
const gathered = (some: Partial<Gathered>): Gathered => ({ ...nothing(), ...some });

describe('names of services', () => {
  it('are one, where spans, metrics and logs differ in habit alone', () => {
    const { measures } = withOneName(
      gathered({
        spans: [span({}), span({ service: 'cart-db' })],
        measures: ['cart-service', 'Cart', 'cart-7d9c5b6f4-x2x9z', 'cart_db', 'cartographer'].map(level),
      }),
    );
    expect(measures.map(({ service }) => service)).toEqual([
      'cartservice',
      'cartservice',
      'cartservice',
      'cart-db',
      'cartographer',
    ]);
  });

  it('stay what they are where it is not clear who is meant', () => {
    const spans = [span({ service: 'cart' }), span({ service: 'cart-service' })];
    const { measures } = withOneName(gathered({ spans, measures: [level('cartservice')] }));
    expect(measures[0]?.service).toBe('cartservice');
  });

  it('are one, with the node, the protocol or the version around them', () => {
    const around = ['node-5.cart-0', 'node-12.cart', 'cart-grpc', 'cart_v1', 'cart-7d9c5b6f4-x2x9z', 'mail-grpc', 'v2'];
    const { measures } = withOneName(gathered({ spans: [span({ service: 'cart' })], measures: around.map(level) }));
    expect(measures.map(({ service }) => service)).toEqual([...Array(5).fill('cart'), 'mail-grpc', 'v2']);
  });

  it('of calls are those of log lines and resources, where these have less around them', () => {
    const { measures, calls } = withOneName(
      gathered({
        measures: [
          { ...level('cart-grpc'), quantity: 'requests' },
          { ...level('pay-grpc'), quantity: 'requests' },
          level('cart'),
        ],
        calls: [{ caller: 'pay-grpc', callee: 'cart-grpc' }],
      }),
    );
    expect(measures.map(({ service }) => service)).toEqual(['cart', 'pay-grpc', 'cart']);
    expect(calls).toEqual([{ caller: 'pay-grpc', callee: 'cart' }]);
  });

  it('in what a call is called say whom it goes to', () => {
    const peers = withMentionedPeers(
      gathered({
        spans: [
          span({ operation: 'db cart-mongo find' }),
          span({ operation: 'POST http://stock:8080/take' }),
          span({ operation: 'shop.CartService/Get' }),
          span({ operation: 'stock', kind: 'server' }),
          span({ operation: 'restock' }),
          span({ operation: 'stock', peer: 'known' }),
          span({ operation: 'stock', kind: 'unknown', parent: null }),
        ],
        measures: ['cart-mongo', 'stock'].map(level),
      }),
    ).map(({ peer }) => peer);
    expect(peers).toEqual(['cart-mongo', 'stock', null, null, null, 'known', null]);
  });
});
