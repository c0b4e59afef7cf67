/**
 * What the server talks to: it says that a human is called and that incidents may have ended, and every receiver is
 * told what it does not know yet.
 *
 * What is owed is worked out from the incidents as they are, not from the moment at which something was said: an
 * incident that was paged for and lasts is to be told to every receiver, once; one that is over, to those who were to
 * know of it. So a restart, a receiver that is added later and a queue that was full need no care of their own.
 */
import { randomBytes } from 'node:crypto';
import type { Incident } from '../model/incident.ts';
import type { Ms } from '../model/time.ts';
import type { Ledger, Notice, Notifier, NotifierFigures, SilenceNotice } from './contract.ts';
import { Courier, type Debt, type Log } from './courier.ts';
import { linkTo, pageNotice, pageOf, resolvedNotice, type Surroundings } from './describe.ts';
import { Hush } from './hush.ts';

/** Where incidents are kept. */
export interface IncidentSource {
  readonly incidents: () => readonly Incident[];
  /** null: no system was declared yet. */
  readonly system: () => string | null;
  /** That hold now. */
  readonly silences: () => readonly {
    readonly id: string;
    readonly service: string | null;
    readonly until: Ms;
    readonly who: string;
    readonly why: string;
  }[];
  /** Wall-clock time of a moment of the incidents' clock. */
  readonly iso: (at: Ms) => string;
  /** Takes secrets that are known out of JSON text. */
  readonly seal: (json: string) => string;
}

export interface NoticesOptions {
  readonly notifiers: readonly Notifier[];
  readonly ledger: Ledger;
  readonly source: IncidentSource;
  /** Monotonic. */
  readonly now: () => Ms;
  readonly wallMs: () => number;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Log;
}

const ID_KEY = 'id';
const DEBTS = 'owed/';
/** What a receiver that is configured no more was to know is forgotten after so long. */
const FORGET_MS = 30 * 86_400_000;

export class Notices {
  readonly #o: NoticesOptions;
  readonly #holdfast: string;
  readonly #couriers: readonly Courier[];
  readonly #hush: Hush;
  #apiUrl: string | null = null;

  private constructor(options: NoticesOptions, holdfast: string, couriers: readonly Courier[]) {
    this.#o = options;
    this.#holdfast = holdfast;
    this.#couriers = couriers;
    this.#hush = new Hush(options.notifiers, options.now, options.log);
  }

  static async open(options: NoticesOptions): Promise<Notices> {
    if (options.notifiers.length === 0) return new Notices(options, '', []);
    const { ledger } = options;
    const known = await ledger.load();
    const holdfast = known.get(ID_KEY) ?? randomBytes(6).toString('hex');
    if (!known.has(ID_KEY)) await ledger.save(ID_KEY, holdfast);
    const debts = await debtsOf(known, options);
    const couriers = options.notifiers.map((notifier) => {
      const prefix = `${DEBTS}${notifier.identity}/`;
      return new Courier({
        ...options,
        notifier,
        ledger: { save: (incident, text) => ledger.save(`${prefix}${incident}`, text) },
        debts: debts.get(notifier.identity) ?? new Map(),
      });
    });
    return new Notices(options, holdfast, couriers);
  }

  /** From now on receivers are told; `apiUrl` is where the dashboard is, unless a receiver's address says otherwise. */
  start(apiUrl: string): void {
    this.#apiUrl = apiUrl.replace(/\/+$/, '');
    for (const courier of this.#couriers) {
      const { dashboard } = this.#around(courier);
      courier.relink((incident) => linkTo(dashboard, incident));
    }
    this.look();
  }

  /** A human is called, and the journal knows it. */
  page(incident: string, text: string): void {
    const found = this.#o.source.incidents().find(({ id }) => id === incident);
    if (found !== undefined) this.#guarded(() => this.#firing(found, text));
  }

  /** Incidents may have ended, or something may be owed since before. To be called when the journal knows them. */
  look(): void {
    if (this.#couriers.length === 0) return;
    this.#guarded(() => this.#silence());
    this.#guarded(() => {
      const incidents = new Map(this.#o.source.incidents().map((incident) => [incident.id, incident]));
      for (const incident of incidents.values()) {
        const page = incident.closedAt === null ? pageOf(incident) : undefined;
        if (page !== undefined) this.#firing(incident, page.reason);
      }
      for (const courier of this.#couriers) {
        courier.keepOnly(new Set(incidents.keys()));
        for (const id of [...courier.debts.keys()]) {
          const incident = incidents.get(id);
          if (incident === undefined || incident.closedAt !== null) this.#over(courier, id, incident);
        }
      }
    });
  }

  figures(): readonly NotifierFigures[] {
    return this.#couriers.map((courier) => courier.figures());
  }

  async close(): Promise<void> {
    this.#hush.close();
    await Promise.all(this.#couriers.map((courier) => courier.close()));
  }

  #silence(): void {
    const { source } = this.#o;
    const system = source.system();
    if (system === null) return;
    const wanted = source.silences().map(({ id, service, until, who, why }): SilenceNotice => {
      // To the second: the wall clock drifts against the other by milliseconds, and that is no news.
      const end = new Date(Math.round(Date.parse(source.iso(until)) / 1_000) * 1_000).toISOString();
      return { id, holdfast: this.#holdfast, system, service, until: end, who, why };
    });
    this.#hush.look(JSON.parse(source.seal(JSON.stringify(wanted))) as SilenceNotice[], this.#holdfast);
  }

  #firing(incident: Incident, text: string): void {
    for (const courier of this.#couriers) {
      courier.firing(incident.id, () => this.#sealed(pageNotice(incident, text, this.#around(courier))));
    }
  }

  #over(courier: Courier, id: string, incident: Incident | undefined): void {
    const nowIso = new Date(this.#o.wallMs()).toISOString();
    courier.over(id, (page) => this.#sealed(resolvedNotice(page, incident, nowIso, this.#around(courier))));
  }

  #around({ notifier }: Courier): Surroundings {
    const { source } = this.#o;
    const dashboard = notifier.dashboard ?? this.#apiUrl ?? '';
    return { holdfast: this.#holdfast, system: source.system() ?? 'holdfast', dashboard, iso: source.iso };
  }

  #sealed(notice: Notice): Notice {
    return JSON.parse(this.#o.source.seal(JSON.stringify(notice))) as Notice;
  }

  /** Whoever reports an incident has more important things to do than to fail because of us. */
  #guarded(run: () => void): void {
    if (this.#apiUrl === null) return;
    try {
      run();
    } catch (error) {
      this.#o.log({ level: 'error', text: `a notice could not be made: ${String(error)}` });
    }
  }
}

/** By receiver and incident. What cannot be read is forgotten: it costs a repetition at most. */
async function debtsOf(
  known: ReadonlyMap<string, string>,
  { notifiers, ledger, wallMs }: NoticesOptions,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Debt>>> {
  const debts = new Map<string, Map<string, Debt>>(notifiers.map(({ identity }) => [identity, new Map()]));
  for (const [key, text] of known) {
    if (!key.startsWith(DEBTS)) continue;
    const [identity = '', incident = ''] = key.slice(DEBTS.length).split('/');
    const debt = debtOf(text);
    const receiver = debts.get(identity);
    if (debt !== null && receiver !== undefined) receiver.set(incident, debt);
    else if (debt === null || Date.parse(debt.page.at) < wallMs() - FORGET_MS) await ledger.save(key, null);
  }
  return debts;
}

function debtOf(text: string): Debt | null {
  try {
    const debt = JSON.parse(text) as Debt;
    const whole = (debt.state === 'owed' || debt.state === 'paged') && typeof debt.page.id === 'string';
    return whole && !Number.isNaN(Date.parse(debt.page.at)) ? debt : null;
  } catch {
    return null;
  }
}
