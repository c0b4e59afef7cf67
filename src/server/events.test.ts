import { describe, expect, it } from 'vitest';
import type { CoreEvent } from '../model/event.ts';
import { EVENTS_KEPT, EventRing } from './events.ts';

const EVENT: CoreEvent = {
  at: 0,
  level: 'info',
  topic: 'instance',
  text: 'x',
  service: null,
  instance: null,
  incident: null,
};

function ringOf(from: number, count: number): EventRing {
  const ring = new EventRing(from);
  for (let n = 0; n < count; n++) ring.add(EVENT, '2026-01-01T00:00:00.000Z');
  return ring;
}

describe('EventRing', () => {
  it('numbers on from an earlier life and gives what came after', () => {
    const ring = ringOf(41, 3);
    expect(ring.after(0).map(({ seq }) => seq)).toEqual([42, 43, 44]);
    expect(ring.after(43).map(({ seq }) => seq)).toEqual([44]);
    expect(ring.after(44)).toEqual([]);
    expect(ring.after(99)).toEqual([]);
  });

  it('keeps the last thousand', () => {
    const ring = ringOf(0, EVENTS_KEPT + 5);
    const kept = ring.after(0);
    expect(kept.length).toBe(EVENTS_KEPT);
    expect(kept[0]?.seq).toBe(6);
    expect(ring.after(EVENTS_KEPT).length).toBe(5);
  });

  it('is empty at first', () => {
    expect(new EventRing(7).after(0)).toEqual([]);
  });
});
