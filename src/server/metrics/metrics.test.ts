/** The text format, read back by a parser that accepts nothing but the format. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../core/contract.ts';
import type { Incident } from '../../model/incident.ts';
import type { EdgeSignal } from '../../model/signal.ts';
import type { Moment } from '../mapping/facts.ts';
import { Buckets, Exposition } from './exposition.ts';
import { metricsText } from './metrics.ts';
import { Tally } from './tally.ts';

interface Read {
  readonly types: Map<string, string>;
  readonly samples: { readonly name: string; readonly labels: Record<string, string>; readonly value: number }[];
}

/** Throws at the first thing that the format does not allow. */
function readExposition(text: string): Read {
  if (!text.endsWith('\n')) throw new Error('the last line must end');
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Read['samples'] = [];
  const seen = new Set<string>();
  let family = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)*)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line);
    if (help) {
      if (helped.has(help[1] as string)) throw new Error(`second HELP: ${line}`);
      helped.add(help[1] as string);
    } else if (type) {
      family = type[1] as string;
      if (types.has(family) || !helped.has(family)) throw new Error(`TYPE out of place: ${line}`);
      types.set(family, type[2] as string);
    } else {
      const sample = readSample(line);
      const kind = types.get(family);
      const names = kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => family + end) : [family];
      if (!names.includes(sample.name)) throw new Error(`sample outside its family: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(key)) throw new Error(`second sample: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
  }
  return { types, samples };
}

function readSample(line: string): Read['samples'][number] {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
  if (!match) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  let rest = match[2] ?? '';
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,(?=.)|$)/.exec(rest);
    if (!label || (label[1] as string) in labels) throw new Error(`bad label at ${rest}`);
    labels[label[1] as string] = (label[2] as string).replace(/\\(.)/g, (_all, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(label[0].length);
  }
  const text = match[3] as string;
  const value = Number(text.replace('Inf', 'Infinity'));
  if (text !== 'NaN' && Number.isNaN(value)) throw new Error(`bad value: ${line}`);
  return { name: match[1] as string, labels, value };
}

describe('Exposition', () => {
  it('writes families once, with help and type', () => {
    const out = new Exposition();
    out.gauge('up', 'Always 1.', [{ labels: {}, value: 1 }]);
    out.counter('calls_total', 'Calls.', [
      { labels: { caller: 'a', callee: 'b' }, value: 2 },
      { labels: { caller: 'a', callee: 'c' }, value: 0.5 },
    ]);
    out.gauge('nothing', 'Has no samples and is left out.', []);
    expect(out.text()).toBe(
      [
        '# HELP up Always 1.',
        '# TYPE up gauge',
        'up 1',
        '# HELP calls_total Calls.',
        '# TYPE calls_total counter',
        'calls_total{caller="a",callee="b"} 2',
        'calls_total{caller="a",callee="c"} 0.5',
        '',
      ].join('\n'),
    );
  });

  it('brings every label value back, whatever it is', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', '"', '\\', '\n', '\r', ',', '=', '{', '}', ' ') });
    fc.assert(
      fc.property(text, text, fc.double(), (first, second, value) => {
        const out = new Exposition();
        out.gauge('g', `help with \\ and\n${first}`.replaceAll('\r', ''), [{ labels: { first, second }, value }]);
        const [sample] = readExposition(out.text()).samples;
        expect(sample?.labels).toEqual({ first, second });
        expect(sample?.value).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('writes histograms cumulatively, up to +Inf, with sum and count', () => {
    const buckets = new Buckets([0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 3]) buckets.add(value);
    buckets.add(0.2, 2);
    const out = new Exposition();
    out.histogram('h', 'H.', [0.1, 1], [{ labels: { edge: 'e' }, counts: buckets.counts, sum: buckets.sum }]);
    const { samples, types } = readExposition(out.text());
    expect(types.get('h')).toBe('histogram');
    expect(samples.map(({ name, labels, value }) => [name, labels.le, value])).toEqual([
      ['h_bucket', '0.1', 2],
      ['h_bucket', '1', 5],
      ['h_bucket', '+Inf', 6],
      ['h_sum', undefined, expect.closeTo(4.05)],
      ['h_count', undefined, 6],
    ]);
  });

  it('the reader refuses what is not the format', () => {
    for (const bad of [
      'up 1\n',
      '# HELP up x\n# TYPE up gauge\nup 1',
      '# HELP up x\n# TYPE up gauge\nup 1\nup 2\n',
      '# HELP up x\n# TYPE up gauge\nup{a="b} 1\n',
      '# HELP up x\n# TYPE up gauge\nup x\n',
    ]) {
      expect(() => readExposition(bad), bad).toThrow();
    }
  });
});

const ONSET = 90_000;

function incident(change: Partial<Incident>, status: 'running' | 'done'): Incident {
  const symptom = { id: 's', kind: 'crashed', onsetAt: ONSET, detectedAt: ONSET + 40, clearedAt: 92_000 };
  const action = { id: 'a', kind: 'restart', status, guards: [], startedAt: ONSET + 70 };
  return {
    id: 'inc-12',
    openedAt: ONSET + 40,
    onsetAt: ONSET,
    closedAt: null,
    status: 'recovering',
    symptoms: [symptom],
    plans: [{ actions: [action] }],
    ...change,
  } as unknown as Incident;
}

/** As much of a core as metrics look at. */
function coreWith(incidents: readonly Incident[]): Core {
  const running = (id: string, service: string) => [id, { id, service, phase: 'running', ready: true }] as const;
  return {
    incidents,
    symptoms: [],
    index: 1,
    stopped: false,
    budget: { max: 1, out: [] },
    instances: new Map([running('web-1', 'web'), running('web-2', 'web'), running('db-1', 'db')]),
    view: {
      services: new Map([
        ['web', { name: 'web', replicas: 2 }],
        ['db', { name: 'db', replicas: 1 }],
      ]),
      nodeOf: () => undefined,
    },
  } as unknown as Core;
}

function momentOf(core: Core): Moment {
  const facts = {
    version: '0.1.0',
    pid: 1,
    startedAtWallMs: 0,
    stateDir: '/s',
    node: 'n',
    machine: null,
    parts: [],
    notifiers: 0,
  };
  return { core, facts, now: NOW };
}

const NOW = 100_000;

describe('the metrics', () => {
  const figures = {
    cpuSeconds: 1.5,
    residentBytes: 1_000,
    lagP50Seconds: 0.001,
    lagP99Seconds: 0.01,
    journalBytes: 5,
    journalEntries: 2,
  };
  const event = (topic: 'incident' | 'instance') =>
    ({
      kind: 'event',
      event: { at: NOW, level: 'info', topic, text: '', service: null, instance: null, incident: null },
    }) as const;

  it('are in the format and count what happened since this process began', () => {
    const old = incident({ id: 'inc-0', status: 'resolved', closedAt: 50_000 }, 'done');
    const tally = new Tally(coreWith([old]));
    const edge: EdgeSignal = {
      kind: 'edge',
      at: NOW,
      windowMs: 1_000,
      caller: '(outside)',
      callee: 'web',
      instance: 'web-1',
      protocol: 'http',
      requests: 10,
      failures: { connect: 2, reset: 0, timeout: 0, status5xx: 1, unavailable: 0 },
      retried: 4,
      latency: [[80, 10]],
      inFlight: 0,
      oldestWaitMs: 0,
    };
    const during = coreWith([incident({}, 'running'), old]);
    const exit = { at: 1, reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] } as const;
    tally.step(
      during,
      {
        kind: 'agent',
        message: {
          kind: 'signals',
          node: 'n',
          signals: [edge, { kind: 'exit', instance: 'web-2', incarnation: 1, at: 1, exit }],
        },
      },
      [event('incident')],
    );
    const after = coreWith([incident({ status: 'resolved', closedAt: 97_000 }, 'done'), old]);
    tally.step(after, { kind: 'tick', wallMs: 0 }, [event('incident')]);
    tally.step(after, { kind: 'tick', wallMs: 0 }, [event('incident')]);

    const told = { delivered: { page: 3, resolved: 2 }, repeated: 7, failed: 4, refused: 1, dropped: 5, waiting: 6 };
    const notifiers = [
      { ...told, name: 'webhook+https://h/…', trouble: 'connection refused', lastAt: null },
      { ...told, name: 'alertmanager+http://h:9093', trouble: null, lastAt: null },
    ];
    const { samples, types } = readExposition(metricsText(momentOf(after), tally, { ...figures, notifiers }));
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find((s) => s.name === name && Object.entries(labels).every(([key, text]) => s.labels[key] === text))
        ?.value;
    expect(value('holdfast_up')).toBe(1);
    expect(value('holdfast_instances', { service: 'web', phase: 'running' })).toBe(2);
    expect(value('holdfast_instances_ready', { service: 'db' })).toBe(1);
    expect(value('holdfast_incidents_total')).toBe(1);
    expect(value('holdfast_incidents_open')).toBe(0);
    expect(value('holdfast_symptoms_total', { kind: 'crashed' })).toBe(1);
    expect(value('holdfast_exits_total', { service: 'web', reason: 'signal' })).toBe(1);
    expect(value('holdfast_actions_total', { kind: 'restart', status: 'running' })).toBe(1);
    expect(value('holdfast_actions_total', { kind: 'restart', status: 'done' })).toBe(1);
    expect(value('holdfast_edge_requests_total', { callee: 'web' })).toBe(10);
    expect(value('holdfast_edge_failures_total', { kind: 'connect' })).toBe(2);
    expect(value('holdfast_edge_retries_total')).toBe(4);
    expect(value('holdfast_edge_latency_seconds_count')).toBe(10);
    expect(value('holdfast_detection_seconds_bucket', { le: '0.05' })).toBe(1);
    expect(value('holdfast_detection_seconds_bucket', { le: '0.025' })).toBe(0);
    expect(value('holdfast_repair_seconds_sum')).toBe(2);
    expect(value('holdfast_repair_seconds_count')).toBe(1);
    const [hook, alerts] = notifiers.map(({ name }) => ({ notifier: name }));
    expect(value('holdfast_notices_total', { ...hook, kind: 'page' })).toBe(3);
    expect(value('holdfast_notices_total', { ...alerts, kind: 'repeat' })).toBe(7);
    expect(value('holdfast_notice_failures_total', { ...hook, outcome: 'retried' })).toBe(4);
    expect(value('holdfast_notice_failures_total', { ...hook, outcome: 'dropped' })).toBe(5);
    expect(value('holdfast_notices_waiting', hook)).toBe(6);
    expect([value('holdfast_notifier_up', hook), value('holdfast_notifier_up', alerts)]).toEqual([0, 1]);
    for (const [name, type] of types) expect(name.endsWith('_total'), name).toBe(type === 'counter');
  });
});
