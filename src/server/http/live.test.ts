/** The hub over responses that take as much as the test allows. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { type SseMessage, SseParser } from '../../api/sse.ts';
import type { ControlPlane, Topic } from '../control-plane.ts';
import { EventRing } from '../events.ts';
import { NO_PROVING } from '../prove/testing/none.ts';
import { LIVE_DEFAULTS, LiveHub } from './live.ts';

class FakeResponse extends EventEmitter {
  text = '';
  full = false;
  destroyed = false;
  ended = false;

  writeHead(): this {
    return this;
  }

  write(chunk: string): boolean {
    this.text += chunk;
    return !this.full;
  }

  end(): void {
    this.ended = true;
    this.emit('close');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  drain(): void {
    this.full = false;
    this.emit('drain');
  }

  get messages(): readonly SseMessage[] {
    return new SseParser().push(this.text);
  }

  get names(): readonly string[] {
    return this.messages.map(({ event, id }) => (event === 'core' ? `core ${id}` : event));
  }
}

const SNAPSHOT = ['status', 'services', 'incidents', 'edges', 'proofs'];

describe('LiveHub', () => {
  let ring: EventRing;
  let listener: ((topic: Topic) => void) | null;
  let hub: LiveHub;
  let now: number;
  let mapped: number;

  beforeEach(() => {
    ring = new EventRing(0);
    listener = null;
    now = 0;
    mapped = 0;
    const plane = {
      status: () => ({ n: ++mapped }),
      services: () => [],
      incidents: () => [],
      edges: () => [],
      proving: NO_PROVING,
      events: (after: number) => ring.after(after),
      subscribe: (each: (topic: Topic) => void) => {
        listener = each;
        return () => {
          listener = null;
        };
      },
    } as unknown as ControlPlane;
    hub = new LiveHub(plane, { ...LIVE_DEFAULTS, maxViews: 3, stuckMs: 100 }, () => now);
  });

  const open = (after: number | null = null): FakeResponse => {
    const out = new FakeResponse();
    hub.add(out as unknown as ServerResponse, after);
    return out;
  };
  const event = (): void => {
    ring.add(
      { at: 0, level: 'info', topic: 'instance', text: 'x', service: null, instance: null, incident: null },
      '2026-01-01T00:00:00.000Z',
    );
    listener?.('event');
  };

  it('begins with how things are, then sends what changes', () => {
    event();
    const view = open();
    expect(view.names).toEqual(SNAPSHOT);
    event();
    listener?.('status');
    expect(view.names).toEqual([...SNAPSHOT, 'core 2', 'status']);
  });

  it('goes on after the last event of a view that comes back', () => {
    for (let n = 0; n < 5; n++) event();
    expect(open(3).names).toEqual(['core 4', 'core 5', ...SNAPSHOT]);
    // A number from a state directory that was moved away: everything is new.
    expect(open(900).names.slice(0, 5)).toEqual(['core 1', 'core 2', 'core 3', 'core 4', 'core 5']);
  });

  it('serialises once for all views', () => {
    open();
    open();
    const before = mapped;
    listener?.('status');
    expect(mapped - before).toBe(1);
  });

  it('sends nothing to a full view and then only the newest state', () => {
    const view = open();
    view.full = true;
    listener?.('status');
    const length = view.text.length;
    for (let n = 0; n < 50; n++) {
      listener?.('status');
      event();
    }
    expect(view.text.length).toBe(length);
    view.drain();
    const later = view.names.slice(SNAPSHOT.length + 1);
    expect(later.filter((name) => name === 'status').length).toBe(1);
    expect(later.filter((name) => name.startsWith('core')).length).toBe(50);
  });

  it('drops a view that stays full, and beats for the others', () => {
    const [slow, good] = [open(), open()];
    slow.full = true;
    listener?.('status');
    now = 99;
    hub.beat();
    expect(slow.destroyed).toBe(false);
    now = 100;
    hub.beat();
    expect(slow.destroyed).toBe(true);
    expect(good.text.endsWith(': alive\n\n')).toBe(true);
    expect(hub.size).toBe(1);
  });

  it('refuses more than its limit and takes another when one is gone', () => {
    const views = [open(), open(), open()];
    expect(() => hub.reserve()).toThrow(expect.objectContaining({ code: 'HF6009' }));
    views[0]?.destroy();
    expect(() => hub.reserve()).not.toThrow();
  });

  it('listens to the plane only while somebody watches', () => {
    expect(listener).toBeNull();
    const view = open();
    expect(listener).not.toBeNull();
    view.destroy();
    expect(listener).toBeNull();
  });

  it('ends every view when it closes', () => {
    const view = open();
    hub.close();
    expect(view.ended).toBe(true);
    expect(listener).toBeNull();
  });
});
