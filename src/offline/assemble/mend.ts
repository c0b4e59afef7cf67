/**
 * Spans as they are recorded to spans that can be counted. Recorded traces are never whole:
 *
 *   kinds       where the source has no word for them, the last span before another service's is its caller's client
 *               span, the first one of a service its server span
 *   peers       a call whose other end left no span (not instrumented, not sampled, or down) goes to whom the same
 *               address or the same operation of the same caller went to otherwise, else to the address as a name
 *   clocks      the median over all calls between two services of where the callee's span lies within the caller's
 *               tells how far their clocks are apart; beyond SKEW_MS it is taken out
 *   orphans     inner spans whose parent is missing are not calls
 */
import type { RecordedSpan } from '../../diagnose/recorded/types.ts';
import type { ReadSpan } from '../contract.ts';
import { serviceOfName } from '../read/names.ts';

/** Clocks nearer than this are near enough: bins are longer. */
const SKEW_MS = 200;
/** Calls looked at per pair of services. */
const SAMPLES = 500;

export interface Mended {
  readonly spans: readonly RecordedSpan[];
  /** To be added to times of a service. */
  readonly shiftMs: ReadonlyMap<string, number>;
}

const keyOf = ({ trace, id }: { readonly trace: string; readonly id: string }): string => `${trace}/${id}`;

export function mend(read: readonly ReadSpan[]): Mended {
  const byId = new Map(read.map((span) => [keyOf(span), span]));
  const parents = new Map<ReadSpan, ReadSpan>();
  for (const span of read) {
    const parent = span.parent === null ? undefined : byId.get(`${span.trace}/${span.parent}`);
    if (parent !== undefined && parent !== span) parents.set(span, parent);
  }
  const parentOf = (span: ReadSpan): ReadSpan | undefined => parents.get(span);
  const children = childrenOf(read, parentOf);
  const calling = operationsThatCall(read, parentOf, children);
  const kinds = new Map<ReadSpan, RecordedSpan['kind']>();
  const kindOf = (span: ReadSpan): RecordedSpan['kind'] => {
    const known = kinds.get(span);
    if (known !== undefined) return known;
    const kind = kindBy(span, parentOf(span), children.get(span) ?? [], calling);
    kinds.set(span, kind);
    return kind;
  };
  const serving = new Set(read.filter((span) => kindOf(span) === 'server').map(({ service }) => service));
  const peers = new Peers(read, parentOf, kindOf);
  const shiftMs = clockShifts(read, parentOf, kindOf);
  const spans: RecordedSpan[] = [];
  for (const span of read) {
    const kind = kindOf(span);
    if (kind === 'internal' && span.parent !== null && !parentOf(span) && serving.has(span.service)) continue;
    const { trace, id, parent, service, operation, durationMs, failed } = span;
    const startMs = span.startMs + (shiftMs.get(service) ?? 0);
    const peer = kind === 'client' ? peers.of(span) : null;
    spans.push({ trace, id, parent, service, kind, operation, startMs, durationMs, failed, peer });
  }
  return { spans, shiftMs };
}

function childrenOf(
  read: readonly ReadSpan[],
  parentOf: (span: ReadSpan) => ReadSpan | undefined,
): Map<ReadSpan, ReadSpan[]> {
  const children = new Map<ReadSpan, ReadSpan[]>();
  for (const span of read) {
    const parent = parentOf(span);
    if (!parent) continue;
    const of = children.get(parent);
    if (of) of.push(span);
    else children.set(parent, [span]);
  }
  return children;
}

/** Operations whose inner spans lead to another service: the same operation without a callee is a call unanswered. */
function operationsThatCall(
  read: readonly ReadSpan[],
  parentOf: (span: ReadSpan) => ReadSpan | undefined,
  children: ReadonlyMap<ReadSpan, readonly ReadSpan[]>,
): ReadonlySet<string> {
  const calling = new Set<string>();
  for (const span of read) {
    if (span.kind !== 'unknown' || parentOf(span)?.service !== span.service) continue;
    if (leadsElsewhere(span, children.get(span) ?? [])) calling.add(`${span.service}/${span.operation}`);
  }
  return calling;
}

function leadsElsewhere(span: ReadSpan, children: readonly ReadSpan[]): boolean {
  return children.length > 0 && children.every(({ service }) => service !== span.service);
}

function kindBy(
  span: ReadSpan,
  parent: ReadSpan | undefined,
  children: readonly ReadSpan[],
  calling: ReadonlySet<string>,
): RecordedSpan['kind'] {
  switch (span.kind) {
    case 'server':
    case 'consumer':
      return 'server';
    case 'client':
    case 'producer':
      return 'client';
    case 'internal':
      return 'internal';
    default: {
      if (!parent || parent.service !== span.service) return parent || span.parent === null ? 'server' : 'internal';
      const unanswered = children.length === 0 && calling.has(`${span.service}/${span.operation}`);
      return unanswered || leadsElsewhere(span, children) || span.peer !== null ? 'client' : 'internal';
    }
  }
}

/** Who is meant by what callers call their callees. */
class Peers {
  readonly #services: ReadonlySet<string>;
  readonly #learnt = new Map<string, Map<string, number>>();

  constructor(
    read: readonly ReadSpan[],
    parentOf: (span: ReadSpan) => ReadSpan | undefined,
    kindOf: (span: ReadSpan) => RecordedSpan['kind'],
  ) {
    this.#services = new Set(read.map(({ service }) => service));
    for (const span of read) {
      const parent = parentOf(span);
      if (!parent || parent.service === span.service || kindOf(parent) !== 'client') continue;
      if (parent.peer !== null) this.#learn(`@${parent.peer}`, span.service);
      this.#learn(`${parent.service}/${parent.operation}`, span.service);
    }
  }

  of({ service, operation, peer }: ReadSpan): string | null {
    if (peer !== null) {
      const plain = serviceOfName(peer);
      const known = [peer, plain].find((name) => this.#services.has(name)) ?? this.#most(`@${peer}`);
      if (known !== undefined) return known;
      // A number says less than what this operation went to whenever it arrived; a name is a name.
      const number = /^[\d.]+(:\d+)?$|^\[?[\da-f]*:[\da-f]*:|^localhost\b/i.test(plain);
      return (number ? this.#most(`${service}/${operation}`) : undefined) ?? plain;
    }
    return this.#most(`${service}/${operation}`) ?? null;
  }

  #learn(key: string, callee: string): void {
    const counts = this.#learnt.get(key) ?? new Map<string, number>();
    counts.set(callee, (counts.get(callee) ?? 0) + 1);
    this.#learnt.set(key, counts);
  }

  #most(key: string): string | undefined {
    let best: [string, number] | undefined;
    for (const entry of this.#learnt.get(key) ?? []) if (!best || entry[1] > best[1]) best = entry;
    return best?.[0];
  }
}

/** By service, relative to the one with the most spans of its connected part. */
function clockShifts(
  read: readonly ReadSpan[],
  parentOf: (span: ReadSpan) => ReadSpan | undefined,
  kindOf: (span: ReadSpan) => RecordedSpan['kind'],
): Map<string, number> {
  const ahead = new Map<string, Map<string, number[]>>();
  const counts = new Map<string, number>();
  for (const span of read) {
    counts.set(span.service, (counts.get(span.service) ?? 0) + 1);
    const parent = parentOf(span);
    // Only a call that was waited for tells: the callee's span must fit into the caller's.
    if (!parent || parent.service === span.service || kindOf(parent) !== 'client') continue;
    if (parent.kind === 'producer' || span.durationMs > parent.durationMs) continue;
    const offsets = ahead.get(parent.service) ?? new Map<string, number[]>();
    ahead.set(parent.service, offsets);
    const list = offsets.get(span.service) ?? [];
    offsets.set(span.service, list);
    if (list.length < SAMPLES) list.push(span.startMs - parent.startMs - (parent.durationMs - span.durationMs) / 2);
  }
  const links = new Map<string, [string, number][]>();
  const link = (from: string, to: string, offset: number): void => {
    links.set(from, [...(links.get(from) ?? []), [to, offset]]);
  };
  for (const [caller, offsets] of ahead) {
    for (const [callee, list] of offsets) {
      const middle = list.sort((a, b) => a - b)[list.length >> 1] as number;
      link(caller, callee, middle);
      link(callee, caller, -middle);
    }
  }
  const offset = new Map<string, number>();
  for (const [root] of [...counts].sort((a, b) => b[1] - a[1])) {
    if (offset.has(root)) continue;
    offset.set(root, 0);
    const queue = [root];
    for (let head = 0; head < queue.length; head++) {
      const at = queue[head] as string;
      for (const [next, by] of links.get(at) ?? []) {
        if (offset.has(next)) continue;
        offset.set(next, (offset.get(at) as number) + by);
        queue.push(next);
      }
    }
  }
  return new Map([...offset].filter(([, by]) => Math.abs(by) >= SKEW_MS).map(([service, by]) => [service, -by]));
}
