import { describe, expect, it } from 'vitest';
import type { CheckSignal, ExitSignal, Signal } from '../model/signal.ts';
import { Outbox } from './outbox.ts';

const life = { instance: 'web-1', incarnation: 1, at: 0 };
const check = (pass: boolean): CheckSignal => ({
  ...life,
  kind: 'check',
  purpose: 'liveness',
  pass,
  latencyMs: 1,
  error: pass ? null : 'x',
});
const exit: ExitSignal = {
  ...life,
  kind: 'exit',
  exit: { at: 0, reason: 'code', code: 1, signal: null, detail: null, lastOutput: [] },
};

function outbox(): { box: Outbox; sent: Signal[][] } {
  const sent: Signal[][] = [];
  return { box: new Outbox((signals) => sent.push([...signals])), sent };
}

describe('Outbox', () => {
  it('says nothing before the inventory', () => {
    const { box, sent } = outbox();
    box.add([exit]);
    expect(sent).toEqual([]);
    box.open();
    expect(sent).toEqual([[exit]]);
  });

  it('holds back what can wait, and sends it in order before what cannot', () => {
    const { box, sent } = outbox();
    box.open();
    box.add([check(true)]);
    expect(sent).toEqual([]);
    box.add([check(false)], true);
    expect(sent).toEqual([[check(true), check(false)]]);
    box.add([check(true)]);
    box.add([exit]);
    expect(sent).toHaveLength(2);
    box.add([check(true)]);
    box.close();
    expect(sent).toHaveLength(3);
  });
});
