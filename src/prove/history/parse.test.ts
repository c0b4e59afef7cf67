import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdnReader } from './edn.ts';
import { show, textOf, type Value } from './event.ts';
import { byKey, FAIL, historyOf, INFO, NEVER, OK } from './history.ts';
import { type HistoryFormat, parseHistory } from './parse.ts';

const LOG = `
2014-01-01 12:00:00,123{GMT}	INFO	[x] jepsen.core - Worker 0 starting
INFO  jepsen.util - 0	:invoke	:read	nil
INFO  jepsen.util - 1	:invoke	:write	4
INFO  jepsen.util - :nemesis	:info	:start	nil
INFO  jepsen.util - 0	:ok	:read	nil
INFO  jepsen.util - 1	:info	:write	:timed-out
INFO  jepsen.util - 6	:invoke	:cas	[2 4]
INFO  jepsen.util - 6	:fail	:cas	[2 4]
INFO  jepsen.util - 0	:invoke	:read	nil
INFO  jepsen.util - 0	:fail	:read	:timed-out
`;

describe('reading histories', () => {
  it('reads the log that Jepsen prints, and leaves out what is not a client', () => {
    const events = parseHistory(LOG);
    expect(events).toEqual([
      { process: 0, type: 'invoke', f: 'read', value: null },
      { process: 1, type: 'invoke', f: 'write', value: 4 },
      { process: 0, type: 'ok', f: 'read', value: null },
      { process: 1, type: 'info', f: 'write', value: null, error: ':timed-out' },
      { process: 6, type: 'invoke', f: 'cas', value: [2, 4] },
      { process: 6, type: 'fail', f: 'cas', value: [2, 4] },
      { process: 0, type: 'invoke', f: 'read', value: null },
      { process: 0, type: 'info', f: 'read', value: null, error: ':timed-out' },
    ]);
  });

  it('reads the same history as EDN lines, as one EDN vector, as JSON lines and as a JSON array', () => {
    const edn = [
      '{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 y"} ; a comment',
      '#jepsen.history.Op{:process 0, :type :ok, :f :append, :key "0", :value "x 0 y", :time 12}',
      '{:process :nemesis, :type :info, :f :kill, :value nil}',
    ];
    const expected = [
      { process: 0, type: 'invoke', f: 'append', key: '0', value: 'x 0 y' },
      { process: 0, type: 'ok', f: 'append', key: '0', value: 'x 0 y' },
    ];
    expect(parseHistory(edn.join('\n'))).toEqual(expected);
    expect(parseHistory(`[${edn.join('\n')}\n]`)).toEqual(expected);
    expect(parseHistory(expected.map((event) => JSON.stringify(event)).join('\n'))).toEqual(expected);
    expect(parseHistory(JSON.stringify(expected, null, 2))).toEqual(expected);
  });

  it("reads Jepsen's history.txt, which has no name in front and its reason behind", () => {
    const text =
      '0\t:invoke\t:write\t3\n:nemesis\t:info\t:start\tnil\n1\t:invoke\t:read\tnil\n0\t:ok\t:write\t3\n1\t:info\t:read\tnil\t:timeout';
    expect(parseHistory(text)).toEqual([
      { process: 0, type: 'invoke', f: 'write', value: 3 },
      { process: 1, type: 'invoke', f: 'read', value: null },
      { process: 0, type: 'ok', f: 'write', value: 3 },
      { process: 1, type: 'info', f: 'read', value: null },
    ]);
  });

  it('reads whole operations with their times, in the order of time, calls first', () => {
    const lines = [
      '{"client":0,"f":"write","key":"x","input":1,"call":10,"return":20}',
      '{"ClientId":1,"Input":{"op":"Read","key":"x"},"Output":{"value":1},"Call":20,"Return":30}',
      '{"client":2,"f":"write","key":"x","input":2,"call":5,"return":null}',
    ];
    expect(parseHistory(lines.join('\n')).map(({ type, f, value }) => [type, f, value])).toEqual([
      ['invoke', 'write', 2],
      ['invoke', 'write', 1],
      ['invoke', 'read', null],
      ['ok', 'write', null],
      ['ok', 'read', 1],
    ]);
    expect(() => parseHistory('{"client":0,"f":"read","call":10,"return":9}')).toThrow('it returned before');
    expect(() => parseHistory('{"client":0,"call":10,"return":19}')).toThrow('line 1: f is missing');
  });

  it('says which forms it takes when a text is none of them', () => {
    expect(() => parseHistory('once upon a time\nthere was a store')).toThrow('line 1: no history: it takes EDN maps');
    expect(() => parseHistory('{"process":0,"type":"ok","f":"read"}\n{"client":0,"f":"read","call":1}')).toThrow(
      'line 2',
    );
  });

  it('names the line that it cannot read', () => {
    const text = '{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :done, :f :read}';
    expect(() => parseHistory(text, { name: 'h.edn' })).toThrow(expect.objectContaining({ code: 'HF8041' }));
    expect(() => parseHistory(text)).toThrow('line 2: type is not');
    expect(() => parseHistory('{"process": 0, "type": "ok"')).toThrow('line 1');
  });

  it('reads every EDN value back that it shows', () => {
    const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.string().filter((text) => !text.startsWith(':')),
        fc.array(tie('value'), { maxLength: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        expect(textOf(new EdnReader(show(given)).read())).toBe(textOf(given));
      }),
    );
  });

  const readsOrSays = (text: string, format?: HistoryFormat): void => {
    try {
      parseHistory(text, format ? { format } : {});
    } catch (error) {
      expect(error).toMatchObject({ code: 'HF8041' });
    }
  };

  it('either reads a text or says why not', () => {
    const characters = fc.string({ unit: fc.constantFrom(...'{}[]()#_:\\"; \n\t01nilx-,') });
    fc.assert(fc.property(characters, fc.constantFrom('edn', 'json', 'log', undefined), readsOrSays), { numRuns: 800 });
  });

  it('either reads what looks like a history, or says why not', () => {
    const anything = fc.jsonValue({ maxDepth: 2 });
    const names = ['process', 'client', 'type', 'f', 'key', 'value', 'input', 'output', 'call', 'return', 'error'];
    const likely = fc.oneof(
      fc.constantFrom('invoke', 'ok', 'fail', 'info', 'read', 'write', 'cas'),
      fc.nat(3),
      anything,
    );
    const event = fc.dictionary(fc.constantFrom(...names), likely, { maxKeys: 8 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), (events) => {
        readsOrSays(events.map((one) => JSON.stringify(one)).join('\n'));
        readsOrSays(JSON.stringify(events));
      }),
      { numRuns: 500 },
    );
  });
});

describe('text that has been through an editor or another system', () => {
  it('reads the same with a mark of byte order and with returns before line feeds', () => {
    const lines = LOG.replaceAll('\n', '\r\n');
    expect(parseHistory(lines)).toEqual(parseHistory(LOG));
    expect(parseHistory(`\ufeff${LOG}`)).toEqual(parseHistory(LOG));
    const json = '{"process":0,"type":"invoke","f":"write","value":1}';
    expect(parseHistory(`\ufeff${json}\r\n`)).toEqual(parseHistory(json));
  });
});

describe('a history as columns', () => {
  it('pairs invocations with returns; what never returned is unknown', () => {
    const history = historyOf(parseHistory(LOG));
    expect([...history.outcome]).toEqual([OK, INFO, FAIL, INFO]);
    expect([...history.invoked]).toEqual([0, 1, 3, 5]);
    expect([...history.returned]).toEqual([2, NEVER, 4, NEVER]);
    expect([...history.input].map((id) => history.values.values[id])).toEqual([null, 4, [2, 4], null]);
  });

  it('gives an operation up when its process goes on', () => {
    const history = historyOf([
      { process: 70_000, type: 'invoke', f: 'write', value: 1 },
      { process: 70_000, type: 'invoke', f: 'write', value: 2 },
      { process: 70_000, type: 'ok', f: 'write', value: 2 },
      { process: 70_000, type: 'ok', f: 'write', value: 1 },
    ]);
    expect([...history.outcome]).toEqual([INFO, OK]);
  });

  it('groups rows by key and keeps their order', () => {
    const at = (process: number, key: string) => ({ process, key, type: 'invoke', f: 'read', value: null }) as const;
    const { rows, starts } = byKey(historyOf([at(0, 'a'), at(1, 'b'), at(2, 'a')]));
    expect([...rows]).toEqual([0, 2, 1]);
    expect([...starts]).toEqual([0, 2, 3]);
  });
});
