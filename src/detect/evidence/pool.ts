/**
 * Remarks that add up. One odd metric, one odd log hurts nobody and is said as a remark; several, from sources that know
 * nothing of each other, about one service within ten minutes, are no accident: then a human is called. Nothing is ever
 * repaired for it: that something is odd does not say what to do.
 *
 * How they add up, from the inside out:
 * 1. A remark's p-value is corrected for all the looks that could have brought it up (series, templates, time), which
 *    gives how often a day chance alone would say it (`perDay`), and for the instances of its service.
 * 2. Sources of one family depend on each other (a jump of load bends every metric of every service at once), so they
 *    count once: the strongest of the service and its neighbours by weighted Bonferroni (Genovese, Roeder and Wasserman,
 *    Biometrika 93, 2006), which holds whatever depends on what. Half of the weight is the service's own, its neighbours
 *    share the other half.
 * 3. Families are taken to be independent and multiplied (truncated-product.ts).
 *
 * The false alarm rate follows from it: any two remarks within a window lie in one of the spans of two windows that begin
 * a window apart, so testing each span at FALSE_PER_DAY · window / day gives at most FALSE_PER_DAY alerts a day. Remarks
 * whose p says nothing about chance (a trend that is real, the word of another tool) have no `looksPerDay` and do not
 * add up.
 */
import { type EntityRef, isAdvisory, type Symptom, type SymptomClaim, symptomId } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import type { Board } from '../board.ts';
import type { SymptomUpdate } from '../contract.ts';
import { truncatedProduct } from './truncated-product.ts';

/** Remarks further apart do not belong together. Longer hears slower faults, and needs stronger signs for it. */
export const WINDOW_MS: Ms = 600_000;
const DAY_MS = 86_400_000;
/** Alerts of one service that chance alone may give: one a year. More hears weaker signs, and more of nothing. */
export const FALSE_PER_DAY = 1 / 365;
/** −log10 p that opens: a false alert a year, spread over the windows of a year. */
export const OPENS_AT = Math.log10(DAY_MS / WINDOW_MS / FALSE_PER_DAY);
/** What is open stays while it is up to so many orders of magnitude weaker, and its remarks last. */
export const HYSTERESIS = 1;
/** The evidence must be gone this long. */
export const CLEAR_MS: Ms = 30_000;
/** Above this a sign is not counted. */
export const TRUNCATION = 0.05;
/** Below this no tail is believed: they are extrapolated. So one family alone never opens anything. */
export const LEAST_P = 1e-4;
/** Of the weight: the service's own, when it has neighbours. */
const OWN_WEIGHT = 0.5;
/** An alert that led to nothing makes the next one of its service so many orders of magnitude harder … */
export const PRICE = 1;
/** … falling off by e in this time. Longer forgives later. */
export const MEMORY_MS: Ms = 7 * DAY_MS;
const RESOURCE = 'evidence';

/** What a symptom is evidence of, by its resource; null: it does not add up. */
const FAMILIES = ['metrics', 'logs', 'objectives'] as const;
type Family = (typeof FAMILIES)[number];

interface Remark {
  readonly id: string;
  readonly service: string;
  readonly family: Family;
  /** When it was raised. */
  readonly at: Ms;
  /** How often a day chance alone brings up something so odd about this service; the least so far. */
  perDay: number;
  summary: string;
}

/** One family's say about one service. */
interface Sign {
  readonly family: Family;
  readonly remark: Remark;
  readonly p: number;
  readonly own: boolean;
}

interface Finding {
  readonly service: string;
  readonly signs: readonly Sign[];
  readonly logP: number;
}

/** Alerts that led to nothing yet, faded, as of a time; and what the last one needed. */
interface Spent {
  readonly alerts: number;
  readonly at: Ms;
  readonly needed: number;
}

export interface EvidenceSnapshot {
  readonly remarks: readonly Remark[];
  readonly spent: readonly (readonly [service: string, spent: Spent])[];
}

export class EvidencePool {
  readonly #remarks = new Map<string, Remark>();
  readonly #spent: Map<string, Spent>;

  constructor(saved?: EvidenceSnapshot) {
    for (const remark of saved?.remarks ?? []) this.#remarks.set(remark.id, { ...remark });
    this.#spent = new Map(saved?.spent);
  }

  snapshot(): EvidenceSnapshot {
    return { remarks: [...this.#remarks.values()].map((remark) => ({ ...remark })), spent: [...this.#spent] };
  }

  /** What the board has to tell. */
  note(updates: readonly SymptomUpdate[], view: SystemView, now: Ms): void {
    for (const { kind, symptom } of updates) {
      const known = this.#remarks.get(symptom.id);
      if (kind === 'cleared') continue;
      const family = familyOf(symptom);
      const service = serviceOf(symptom.entity);
      if (family === null || service === null || (kind === 'updated' && !known)) continue;
      const perDay = perDayOf(symptom, service, view);
      if (kind === 'updated' && known) {
        if (perDay < known.perDay) Object.assign(known, { perDay, summary: symptom.summary });
      } else if (!isChanging(service, view, now)) {
        this.#remarks.set(symptom.id, { id: symptom.id, service, family, at: now, perDay, summary: symptom.summary });
      }
    }
  }

  /** Something was done about this service: what was said of it was worth it. */
  acted(service: string): void {
    this.#spent.delete(service);
  }

  evaluate(view: SystemView, board: Board, now: Ms): void {
    if (this.#remarks.size === 0) return;
    this.#sweep(view, board, now);
    const neighbours = neighboursOf(view);
    const found = [...new Set([...this.#remarks.values()].map(({ service }) => service))]
      .filter((service) => view.services.has(service))
      .map((service) => this.#find(service, neighbours.get(service) ?? [], board, now))
      .sort((a, b) => b.logP - a.logP || (a.service < b.service ? -1 : 1));
    const told = new Set([...view.services.keys()].filter((service) => board.get(idOf(service)) !== undefined));
    for (const finding of found) this.#settle(finding, neighbours.get(finding.service) ?? [], told, board, now);
    for (const service of told) if (!found.some((one) => one.service === service)) this.#clear(service, board, now);
  }

  #settle(finding: Finding, near: readonly string[], told: Set<string>, board: Board, now: Ms): void {
    const { service, signs, logP } = finding;
    const id = idOf(service);
    const open = board.get(id) !== undefined;
    const needed = OPENS_AT + this.#penalty(service, now);
    const enough = signs.length >= 2 && signs.some(({ own }) => own);
    if (open) {
      // What it took to begin is paid; only the evidence itself decides how long it lasts.
      const lasts = enough && logP >= OPENS_AT - HYSTERESIS;
      board.settle(id, lasts ? this.#claim(finding, board) : null, CLEAR_MS, now);
      return;
    }
    const fresh = signs.every(({ remark }) => now - remark.at <= WINDOW_MS);
    // A neighbour that tells the same story tells it already.
    if (!enough || !fresh || logP < needed || near.some((name) => told.has(name))) return;
    this.#spent.set(service, { alerts: this.#penalty(service, now) / PRICE + 1, at: now, needed });
    board.settle(id, this.#claim(finding, board), CLEAR_MS, now);
    told.add(service);
  }

  #clear(service: string, board: Board, now: Ms): void {
    board.settle(idOf(service), null, CLEAR_MS, now);
  }

  #penalty(service: string, now: Ms): number {
    const spent = this.#spent.get(service);
    return spent ? PRICE * spent.alerts * Math.exp(-(now - spent.at) / MEMORY_MS) : 0;
  }

  /** Remarks count for a window; and as long as they last, for what they have opened. */
  #sweep(view: SystemView, board: Board, now: Ms): void {
    for (const [id, remark] of this.#remarks) {
      const gone = !view.services.has(remark.service);
      if (gone || (now - remark.at > WINDOW_MS && board.get(id) === undefined)) this.#remarks.delete(id);
    }
    for (const [service, { at }] of this.#spent) if (now - at > 5 * MEMORY_MS) this.#spent.delete(service);
  }

  #find(service: string, near: readonly string[], board: Board, now: Ms): Finding {
    const open = board.get(idOf(service)) !== undefined;
    const ownFactor = near.length === 0 ? 1 : 1 / OWN_WEIGHT;
    const nearFactor = near.length / (1 - OWN_WEIGHT);
    const best = new Map<Family, Sign>();
    for (const remark of this.#remarks.values()) {
      const own = remark.service === service;
      if (!own && !near.includes(remark.service)) continue;
      if (!open && now - remark.at > WINDOW_MS) continue;
      const expected = (remark.perDay * 2 * WINDOW_MS) / DAY_MS;
      const p = Math.min(1, Math.max(LEAST_P, -Math.expm1(-expected)) * (own ? ownFactor : nearFactor));
      const known = best.get(remark.family);
      if (p <= TRUNCATION && (!known || p < known.p))
        best.set(remark.family, { family: remark.family, remark, p, own });
    }
    const signs = FAMILIES.flatMap((family) => best.get(family) ?? []);
    const pValues = signs.map(({ p }) => p);
    return { service, signs, logP: truncatedProduct(pValues, FAMILIES.length, TRUNCATION) };
  }

  #claim({ service, signs, logP }: Finding, board: Board): SymptomClaim {
    const known = board.get(idOf(service));
    const needed = this.#spent.get(service)?.needed ?? OPENS_AT;
    const families = signs.map(({ family }) => family);
    const shown = signs.flatMap(({ remark }) => board.get(remark.id)?.figure ?? [])[0] ?? known?.figure;
    const dearer = needed > OPENS_AT + 0.05 ? ', more than usual, because earlier alerts led to nothing' : '';
    return {
      kind: 'anomalous',
      entity: { kind: 'service', name: service },
      resource: RESOURCE,
      onsetAt: known?.onsetAt ?? Math.min(...signs.map(({ remark }) => remark.at)),
      logP,
      summary: `${service}: ${listed(families)} are odd at the same time`,
      evidence: [
        ...signs.map(({ family, remark, p, own }) => {
          const weight = own ? '' : ', a neighbour of it';
          return `${family}: ${remark.summary} (${chance(p)} by chance in ${formatDuration(2 * WINDOW_MS)}${weight})`;
        }),
        `together ${chance(10 ** -logP)} by chance: −log10 p ${logP.toFixed(1)} of ${needed.toFixed(1)} that it takes${dearer}`,
      ],
      standing: 'alone',
      ...(shown ? { figure: shown } : {}),
    };
  }
}

function idOf(service: string): string {
  return symptomId('anomalous', { kind: 'service', name: service }, RESOURCE);
}

function familyOf(symptom: Symptom): Family | null {
  const { resource, looksPerDay, logP } = symptom;
  if (!isAdvisory(symptom) || resource === null || looksPerDay === undefined || logP === null) return null;
  if (resource === 'metrics') return 'metrics';
  if (resource === 'log' || resource.startsWith('log.')) return 'logs';
  return resource.startsWith('objective.') ? 'objectives' : null;
}

function serviceOf(entity: EntityRef): string | null {
  if (entity.kind === 'instance') return entity.service;
  return entity.kind === 'service' ? entity.name : null;
}

/** Any of the service's instances might have been the odd one. */
function perDayOf({ entity, logP, looksPerDay }: Symptom, service: string, view: SystemView): number {
  let instances = 1;
  if (entity.kind === 'instance') {
    instances = 0;
    for (const instance of view.instances.values()) if (instance.service === service) instances++;
  }
  return (looksPerDay ?? 0) * 10 ** -(logP ?? 0) * Math.max(1, instances);
}

/** What looks odd around a change is explained by the change. */
function isChanging(service: string, view: SystemView, now: Ms): boolean {
  if (view.inTransition.has(service)) return true;
  return view.changes.some(({ at, services }) => now - at < WINDOW_MS && services.includes(service));
}

/** Who calls whom, as declared or as measured. */
function neighboursOf(view: SystemView): Map<string, string[]> {
  const near = new Map<string, Set<string>>();
  const pair = (a: string, b: string): void => {
    if (a === b || !view.services.has(a) || !view.services.has(b)) return;
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const set = near.get(from);
      if (set) set.add(to);
      else near.set(from, new Set([to]));
    }
  };
  for (const { name, dependsOn } of view.services.values()) for (const { service } of dependsOn) pair(name, service);
  for (const { caller, callee } of view.edges.pairs()) pair(caller, callee);
  return new Map([...near].map(([name, set]) => [name, [...set].sort()]));
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function chance(p: number): string {
  return `1 in ${Number((1 / p).toPrecision(2)).toLocaleString('en-US')}`;
}
