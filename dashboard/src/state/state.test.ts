import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../../src/api/client.ts';
import type { EventResource, StatusResource } from '../../../src/api/resources.ts';
import { EVENTS_KEPT, INITIAL, isLive, isWhole, type Message, reduce, type State } from './state.ts';

const STATUS: StatusResource = {
  system: 'shop',
  health: 'healthy',
  sentence: 'All 9 services are healthy.',
  index: 1,
  mode: 'auto',
  automationStopped: false,
  version: '0.1.0',
  pid: 1,
  startedAt: '2025-11-21T08:00:00.000Z',
  now: '2025-11-21T08:00:05.000Z',
  stateDir: '.holdfast',
  services: { total: 9, healthy: 9 },
  instances: { total: 17, ready: 17 },
  openIncidents: 0,
  budget: { max: 1, out: [] },
  silences: [],
  blindSpots: [],
  parts: [],
  node: null,
};
const FAILURE = { code: 'HF7004', message: 'gone', remedy: 'look' };
const event = (live: LiveEvent, at = 1_000): Message => ({ kind: 'event', event: live, at });
const status = (at?: number): Message => event({ event: 'status', seq: null, data: STATUS }, at);
const core = (seq: number, at = `2025-11-21T08:00:${String(seq % 60).padStart(2, '0')}.000Z`): Message => {
  const data: EventResource = {
    seq,
    at,
    level: 'info',
    topic: 'instance',
    text: `event ${seq}`,
    service: null,
    instance: null,
    incident: null,
  };
  return event({ event: 'core', seq, data });
};
const run = (...messages: Message[]): State => messages.reduce(reduce, INITIAL);

describe('what has not arrived', () => {
  it('is not shown as nothing: every list is waited for once', () => {
    const lists: Message[] = [
      event({ event: 'services', seq: null, data: [] }),
      event({ event: 'incidents', seq: null, data: [] }),
      event({ event: 'edges', seq: null, data: [] }),
      event({ event: 'proofs', seq: null, data: { running: [], proofs: [] } }),
    ];
    expect(isWhole(run(...lists))).toBe(false);
    for (const left of lists) expect(isWhole(run(status(), ...lists.filter((one) => one !== left)))).toBe(false);
    expect(isWhole(run(status(), ...lists))).toBe(true);
    expect(isWhole(run(status(), ...lists, { kind: 'reconnecting', failure: FAILURE }))).toBe(true);
  });
});

describe('connection', () => {
  it('is live only after the stream has told the status', () => {
    expect(isLive(INITIAL)).toBe(false);
    expect(isLive(run({ kind: 'seen', at: 1 }))).toBe(false);
    expect(isLive(run(status()))).toBe(true);
  });

  it('counts attempts while nothing has been seen', () => {
    const state = run({ kind: 'reconnecting', failure: FAILURE }, { kind: 'reconnecting', failure: FAILURE });
    expect(state.connection).toEqual({ kind: 'connecting', attempts: 2, failure: FAILURE });
  });

  it('keeps the data but not the claim when the stream is lost', () => {
    const state = run(status(), { kind: 'reconnecting', failure: FAILURE }, { kind: 'reconnecting', failure: null });
    expect(state.connection).toEqual({ kind: 'lost', attempts: 2, failure: null });
    expect(state.status).toBe(STATUS);
  });

  it('stays lost until the new stream has told the status', () => {
    const lost = run(status(), { kind: 'reconnecting', failure: null }, { kind: 'seen', at: 2 });
    expect(lost.connection.kind).toBe('lost');
    expect(reduce(lost, event({ event: 'edges', seq: null, data: [] })).connection.kind).toBe('lost');
    expect(reduce(lost, status()).connection.kind).toBe('live');
  });

  it('says so when trying again is of no use', () => {
    expect(run(status(), { kind: 'refused', failure: FAILURE }).connection).toEqual({
      kind: 'refused',
      failure: FAILURE,
    });
  });
});

describe('data', () => {
  it('knows how far the clocks are apart, and when it last heard', () => {
    const state = run(status(Date.parse(STATUS.now) - 700));
    expect(state.skewMs).toBe(700);
    expect(state.lastSeenAt).toBe(Date.parse(STATUS.now) - 700);
  });

  it('replaces whole resources', () => {
    const state = run(
      event({ event: 'edges', seq: null, data: [] }),
      event({ event: 'services', seq: null, data: [] }),
      event({ event: 'incidents', seq: null, data: [] }),
      { kind: 'changes', changes: [] },
    );
    expect(state).toMatchObject({ edges: [], services: [], incidents: [], changes: [] });
    expect(state.edges).not.toBe(INITIAL.edges);
  });

  it('keeps events newest first, each once, and not for ever', () => {
    const state = run(core(1), core(2), core(2), core(1));
    expect(state.events.map(({ seq }) => seq)).toEqual([2, 1]);
    const many = run(...Array.from({ length: EVENTS_KEPT + 5 }, (_, i) => core(i + 1)));
    expect(many.events).toHaveLength(EVENTS_KEPT);
    expect(many.events[0]?.seq).toBe(EVENTS_KEPT + 5);
  });

  it('begins anew when a restarted server counts from one', () => {
    const state = run(core(41), core(42), core(1, '2025-11-21T09:00:00.000Z'));
    expect(state.events.map(({ seq }) => seq)).toEqual([1]);
  });
});
