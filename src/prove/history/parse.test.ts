import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdnReader } from './edn.ts';
import { show, textOf, type Value } from './event.ts';
import { byKey, FAIL, historyOf, INFO, NEVER, OK } from './history.ts';
import { parseHistory } from './parse.ts';

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

  it('either reads a text or says why not', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]()#_:\\"; \n01nilx-') }), (text) => {
        try {
          parseHistory(text, { format: 'edn' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'HF8041' });
        }
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
