/** Notices over incidents that a test makes up, and a ledger that outlives them. */
import type { Action, Incident } from '../../model/incident.ts';
import type { Ledger } from '../contract.ts';
import { Notices } from '../notices.ts';
import { notifiersOf } from '../registry.ts';

export class MemoryLedger implements Ledger {
  readonly entries = new Map<string, string>();
  broken = false;

  async load(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.entries);
  }

  async save(key: string, value: string | null): Promise<void> {
    if (this.broken) throw new Error('no room');
    if (value === null) this.entries.delete(key);
    else this.entries.set(key, value);
  }
}

const PAGED_AT = 10_000;

export class Rig {
  readonly ledger = new MemoryLedger();
  readonly log: string[] = [];
  incidents: Incident[] = [];
  notices: Notices | undefined;
  /** Taken out of everything that is told. */
  secret = 'hunter-2-hunter-2';

  /** Another process: only the ledger and the incidents are as before. */
  async start(...addresses: readonly string[]): Promise<Notices> {
    await this.notices?.close();
    const notices = await Notices.open({
      notifiers: notifiersOf(addresses),
      ledger: this.ledger,
      source: {
        incidents: () => this.incidents,
        system: () => 'shop',
        iso: (at) => new Date(Date.parse('2026-03-01T12:00:00.000Z') + at).toISOString(),
        silences: () => [],
        seal: (json) => json.replaceAll(this.secret, 'holdfast-secret-1'),
      },
      now: () => performance.now(),
      wallMs: () => Date.now(),
      random: Math.random,
      log: ({ level, text }) => this.log.push(`${level}: ${text}`),
    });
    notices.start('http://127.0.0.1:7420');
    this.notices = notices;
    return notices;
  }

  /** As the core does it: the incident is escalated, and the page is given out. */
  page(id: string, text = 'web-1 crashed, again and again'): void {
    this.incidents.unshift(pagedIncident(id, text));
    this.notices?.page(id, text);
  }

  resolve(id: string): void {
    const end = { at: 41_000, stage: 'resolved', text: 'repaired and verified, 41s after onset' } as const;
    this.incidents = this.incidents.map((incident) =>
      incident.id === id ? { ...incident, status: 'resolved', closedAt: 41_000, timeline: [end] } : incident,
    );
    this.notices?.look();
  }
}

function pagedIncident(id: string, reason: string): Incident {
  const times = { createdAt: PAGED_AT, startedAt: PAGED_AT, endedAt: PAGED_AT };
  const what = {
    kind: 'page',
    service: 'web',
    target: '',
    incarnation: null,
    reversible: true,
    argument: null,
  } as const;
  const called: Action = { id: 'act-1', ...what, reason, status: 'done', guards: [], ...times, error: null };
  return {
    id,
    openedAt: 40,
    onsetAt: 0,
    closedAt: null,
    status: 'escalated',
    title: 'web-1 is crashed',
    symptoms: [],
    diagnosis: null,
    plans: [
      {
        id: 'plan-1',
        incident: id,
        createdAt: PAGED_AT,
        level: 3,
        cause: null,
        actions: [called],
        status: 'failed',
        verify: { symptoms: [], forMs: 0, deadlineMs: 0 },
        verifySince: null,
        outcome: null,
      },
    ],
    proof: null,
    timeline: [],
  };
}

/** Waits for something that happens soon; throws when it does not. */
export async function until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
  for (const end = performance.now() + withinMs; !holds(); ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
