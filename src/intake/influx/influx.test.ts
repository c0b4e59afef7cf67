import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig, WALL_MS } from '../testing/rig.ts';
import { takeInflux } from './index.ts';
import { parseInflux } from './lines.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function take(text: string, limits = {}): { under: Rig; errors: string[] } {
  open = rig(limits);
  const batch = open.hub.batch('influx');
  const errors = takeInflux(text, 1e6, '10.0.0.1', open.hub, batch);
  batch.commit();
  return { under: open, errors };
}

describe('InfluxDB lines', () => {
  it('become a series per numeric field', () => {
    const { under, errors } = take(
      [
        '# comment',
        'cpu,host=a\\ b,zone=x usage=0.5,cores=4i,on=true,note="text, with = all\nof it" 1700000000000000000',
        'my\\,m temp=-1.5e3',
        '',
      ].join('\n'),
    );
    expect(errors).toEqual([]);
    expect(under.points()).toEqual([
      'cpu.usage{host=a b,zone=x} 0.5',
      'cpu.cores{host=a b,zone=x} 4',
      'cpu.on{host=a b,zone=x} 1',
      'my,m.temp{} -1500',
    ]);
    expect(under.batches[0]?.points.wallMs).toEqual([WALL_MS, WALL_MS, WALL_MS, WALL_MS]);
    expect(under.batches[0]?.points.series[0]?.source).toBe('a b');
    expect(under.hub.meter.total('points', 'unsupported')).toBe(1);
  });

  it('that are wrong are told in InfluxDB’s words, and the others taken', () => {
    const { under, errors } = take('a v=1\nb\nc v=\nd v=x\ne,t v=1\nf v=1 soon\nlast v=2');
    expect(under.points()).toEqual(['a.v{} 1', 'last.v{} 2']);
    expect(errors).toEqual([
      "unable to parse 'b': missing fields",
      "unable to parse 'c v=': missing field value",
      "unable to parse 'd v=x': invalid number",
      "unable to parse 'e,t v=1': missing tag value",
      "unable to parse 'f v=1 soon': bad timestamp",
    ]);
  });

  it('find an end when they invent series', () => {
    const many = Array.from({ length: 20 }, (_, n) => `m,user=u${n} v=1`).join('\n');
    expect(take(many, { maxSeriesPerSource: 4 }).under.points()).toHaveLength(4);
  });

  it('are read back, whatever names and tags hold', () => {
    const word = fc
      .string({ unit: fc.constantFrom(...'ab =,é"'), minLength: 1, maxLength: 8 })
      .filter((text) => text.trim() === text && !text.startsWith('#'));
    const escaped = (text: string): string => text.replace(/[,= ]/g, (char) => `\\${char}`);
    fc.assert(
      fc.property(
        word,
        word,
        word,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (measurement, tag, value, number) => {
          const line = parseInflux(`${escaped(measurement)},${escaped(tag)}=${escaped(value)} f=${number}`);
          expect(line).toMatchObject({
            measurement,
            tags: { [tag]: value },
            fields: [['f', number === 0 ? expect.any(Number) : number]],
          });
        },
      ),
    );
  });
});
