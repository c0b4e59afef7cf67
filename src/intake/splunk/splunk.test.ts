import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from '../testing/rig.ts';
import { events } from './index.ts';
import { splitObjects } from './split.ts';

let open: Rig | undefined;
afterEach(() => open?.hub.close());

function take(text: string): ReturnType<typeof events> {
  open = rig();
  const batch = open.hub.batch('splunk-hec');
  const wrong = events(text, '10.0.0.1', open.hub, batch);
  if (!wrong) batch.commit();
  return wrong;
}

describe('HEC events', () => {
  it('stand one after another and become lines', () => {
    const wrong = take(
      '{"time":1700000000.25,"host":"web1","source":"app","sourcetype":"json","event":{"message":"out of \\"{memory}\\"","level":"ERROR","n":7},"fields":{"zone":"a"}}' +
        ' {"event":"plain"}\n{"time":"1700000001","event":{"a":{"b":1}}}',
    );
    expect(wrong).toBeNull();
    const lines = open?.batches[0]?.logs ?? [];
    expect(lines[0]).toEqual({
      wallMs: 1_700_000_000_250,
      service: 'app',
      instance: 'web1',
      severity: 'error',
      text: 'out of "{memory}"',
      attributes: { level: 'ERROR', n: '7', zone: 'a', sourcetype: 'json' },
    });
    expect(lines[1]).toMatchObject({ text: 'plain', instance: '10.0.0.1', severity: null });
    expect(lines[2]).toMatchObject({ text: '{"a":{"b":1}}', wallMs: 1_700_000_001_000 });
  });

  it('that are wrong are told by their number, and none is taken', () => {
    expect(take('{"event":"a"}{"x":1}')).toEqual({ text: 'Event field is required', code: 12, event: 1 });
    expect(open?.batches).toEqual([]);
    expect(take('{"event":""}')).toMatchObject({ code: 13, event: 0 });
    expect(take('{"event":"a"} x')).toMatchObject({ code: 6, event: 1 });
    expect(take('{"event":"a"')).toMatchObject({ code: 6 });
    expect(take('{"event":"a"}}')).toMatchObject({ code: 6, event: 1 });
  });

  it('are found apart whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.constantFrom('', '\n', ' '),
        (objects, gap) => {
          const parts = [...splitObjects(objects.map((one) => JSON.stringify(one)).join(gap))];
          expect(parts.map((part) => JSON.parse(part))).toEqual(JSON.parse(JSON.stringify(objects)));
        },
      ),
    );
  });
});
