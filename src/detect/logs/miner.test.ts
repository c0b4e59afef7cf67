import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf, textOf } from './columns.ts';
import { TemplateMiner } from './miner.ts';

function texts(miner: TemplateMiner): string[] {
  return miner
    .templates()
    .map(({ text }) => text)
    .sort();
}

describe('columns', () => {
  it('splits around what sets values off, and writes it down as it was', () => {
    const line = 'auth: user=root (uid=0), tag="View Lock" db:\u0001 [x]';
    const columns = columnsOf(line);
    expect(columns.words).toContain('root');
    expect(columns.words).toContain('"View Lock"');
    expect(columns.words).toContain('db:\u0001');
    expect(textOf(columns)).toBe(line.replace('\u0001', '<*>'));
  });

  it('keeps together what is quoted and what is a list, but not what the line says', () => {
    expect(columnsOf(`could not parse 'red, wool' of "a = b", sorry`).words).toContain(`'red, wool'`);
    expect(columnsOf(`could not parse 'red, wool' of "a = b", sorry`).words).toContain('"a = b"');
    expect(columnsOf("it can't find users' names").words).toEqual(['it', "can't", 'find', "users'", 'names']);
    expect(columnsOf('members [a, b-c, d] of {x=1,y=2} and {}').words).toEqual(
      'members|[a, b-c, d]|of|{x=1,y=2}|and|{}'.split('|'),
    );
    expect(columnsOf('level=info msg="job ann done"').words).toContain('ann');
    expect(columnsOf('{"level":"info","msg":"job ann done"}').words).toContain('ann');
  });

  it('loses nothing of a masked line', () => {
    const parts = fc.constantFrom('a', 'bc', ' ', '"', "'", '(', ')', '=', ',', ':', '\u0001', '[', ']', '{', '}');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 20 }), (some) => {
        const line = some.join('').replace(/ +/g, ' ').trim();
        expect(textOf(columnsOf(line)).replaceAll('<*>', '\u0001')).toBe(line);
      }),
    );
  });
});

describe('template mining', () => {
  it.each([
    ['logfmt', (message: string, n: number) => `time=${n} level=info component=api msg="${message}"`],
    ['JSON', (message: string, n: number) => JSON.stringify({ level: 'info', time: n, msg: message })],
  ])('keeps messages of structured lines apart: %s', (_, line) => {
    const miner = new TemplateMiner();
    const messages = ['request completed', 'upstream failed', 'cache warmed', 'job queued', 'job done', 'all is lost'];
    for (let n = 0; n < 60; n++) {
      for (const message of messages) miner.take(line(message, n));
      miner.take(line(`user ${['ann', 'bob', 'cid', 'dee', 'eve'][n % 5]} has joined`, n));
    }
    expect(miner.templates()).toHaveLength(7);
  });

  it('takes lists of any length for one value', () => {
    const miner = new TemplateMiner();
    for (let n = 0; n < 40; n++) {
      const some = ['ann', 'bob', 'cid', 'dee', 'eve'].slice(0, 1 + (n % 5)).map((name) => `${name}=x${n}y`);
      miner.take(`assigned the tags {${some.join(', ')}} to them`);
    }
    expect(texts(miner)).toEqual(['assigned the tags <*> to them']);
  });

  it('keeps messages apart that differ in a word, and lines together that differ in a value', () => {
    const miner = new TemplateMiner();
    for (let n = 0; n < 20; n++) {
      miner.take(`session ${n} opened for node-${n}`);
      miner.take(`session ${n} closed for node-${n}`);
    }
    expect(texts(miner)).toEqual(['session <*> closed for node-<*>', 'session <*> opened for node-<*>']);
  });

  it('learns from its words that a place is a variable, under the oldest id', () => {
    const miner = new TemplateMiner();
    const ids = ['ann', 'bob', 'cyd'].map((user) => miner.take(`login refused for user ${user}`));
    expect(new Set(ids).size).toBe(3);
    ids.push(miner.take('login refused for user dan'));
    expect(texts(miner)).toEqual(['login refused for user <*>']);
    expect(new Set(ids.map((id) => miner.current(id)))).toEqual(new Set([ids[0]]));
    expect(miner.take('login refused for user eve')).toBe(ids[0]);
    expect(miner.templates()[0]?.lines).toBe(5);
  });

  it('knows values from other places of the stream', () => {
    const miner = new TemplateMiner();
    for (const user of ['ann', 'bob', 'cyd', 'dan']) miner.take(`login refused for user ${user}`);
    const one = miner.take('session of user ann was closed');
    const two = miner.take('session of user bob was closed');
    expect(miner.current(two)).toBe(one);
    expect(texts(miner)).toContain('session of user <*> was closed');
  });

  it('takes a word for a value where a value by shape stood', () => {
    const miner = new TemplateMiner();
    const one = miner.take('login refused for user 1001');
    expect(miner.take('login refused for user ann')).toBe(one);
  });

  it('learns two variables of one line', () => {
    const miner = new TemplateMiner();
    const letters = 'abcdefgh';
    for (const letter of letters) miner.take(`user ${letter}nn reads from the table ${letter}rders now`);
    expect(texts(miner)).toEqual(['user <*> reads from the table <*> now']);
  });

  it('does not take states for two variables', () => {
    const miner = new TemplateMiner();
    const states = ['NEW', 'ASKED', 'GIVEN', 'READY', 'RUNNING', 'ENDING', 'FAILED', 'ENDED', 'GONE', 'LOST'];
    for (let n = 1; n < states.length; n++) miner.take(`task went from ${states[n - 1]} to ${states[n]} at last`);
    expect(miner.size).toBe(9);
  });

  it('does not merge where too little is said', () => {
    const miner = new TemplateMiner();
    for (const word of ['ready', 'running', 'stopping', 'stopped', 'failed', 'gone']) miner.take(`server ${word}`);
    expect(miner.size).toBe(6);
  });

  it('has bounded memory, and forgets what it has not seen for longest', () => {
    const miner = new TemplateMiner({ maxTemplates: 100 });
    const letters = (n: number): string => n.toString(26).replace(/[0-9]/g, (digit) => 'qrstuvwxyz'[+digit] as string);
    const kept = miner.take('this one is seen again and again');
    for (let n = 0; n < 1_500; n++) {
      miner.take(`${letters(n)} ${letters(n * 7)} ${letters(n * 11)} ${letters(n * 13)}`);
      expect(miner.take('this one is seen again and again')).toBe(kept);
    }
    expect(miner.size).toBeLessThanOrEqual(100);
  });

  it('never gives an id twice, and every id leads to a template that is known', () => {
    const words = fc.constantFrom('open', 'shut', 'ann', 'bob', 'cyd', 'dan', 'eve', '17', 'x=1', 'door');
    const line = fc.array(words, { minLength: 1, maxLength: 6 }).map((some) => some.join(' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
        const miner = new TemplateMiner();
        const ids = lines.map((text) => miner.take(text));
        const known = miner.templates();
        const live = new Set(known.map(({ id }) => id));
        expect(live.size).toBe(known.length);
        for (const id of ids) expect(live.has(miner.current(id))).toBe(true);
        expect(known.reduce((sum, template) => sum + template.lines, 0)).toBe(lines.length);
        // What was seen once is known for good.
        lines.forEach((text, at) => {
          expect(miner.current(miner.take(text))).toBe(miner.current(ids[at] as number));
        });
      }),
    );
  });
});
