/**
 * `ports` and `expose` in all their forms. A published port without a host address is opened on loopback: what shall
 * be reachable from elsewhere must say so (`0.0.0.0:8080:80`).
 */
import type { PortProtocol, PortSpec } from '../model/spec.ts';
import { quote } from './check.ts';
import { own, type Scope } from './scope.ts';
import { dig, get, itemsOf, type Place, type SpecNode, textOf } from './tree.ts';
import { readBool, readInteger } from './values.ts';

const DEFAULT_HOST = '127.0.0.1';
/** Ports that speak HTTP unless the spec says otherwise. */
export const HTTP_PORTS: ReadonlySet<number> = new Set([80, 8080, 8000, 3000, 5000]);
const MAX_RANGE = 1_000;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/;

interface Wanted {
  readonly name: string | null;
  readonly host: string;
  readonly published: number | null;
  readonly target: number;
  readonly protocol: PortProtocol | null;
  readonly fixed: boolean;
  readonly place: Place;
}

/** The ports of one service while it is read: checks may add ports, and say that a port speaks HTTP. */
export class Ports {
  readonly #wanted: Wanted[] = [];
  readonly #http = new Set<number>();
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
    for (const item of itemsOf(get(scope.node, 'ports'))) {
      for (const wanted of item.kind === 'map' ? longForm(item, scope) : shortForm(item, scope)) this.#add(wanted);
    }
    for (const item of itemsOf(get(scope.node, 'expose'))) {
      for (const wanted of exposed(item, scope)) this.#add(wanted);
    }
  }

  get isEmpty(): boolean {
    return this.#wanted.length === 0;
  }

  /** The name of the first port; null when there is none. */
  get first(): string | null {
    return this.#wanted[0] ? nameOf(this.#wanted[0]) : null;
  }

  hasTarget(target: number): boolean {
    return this.#wanted.some((port) => port.target === target);
  }

  /** The name of the port that a check means by number or name; a number that is not listed becomes a port. */
  resolve(text: string, place: Place): string | null {
    const found = this.#wanted.find((port) => port.name === text || String(port.target) === text);
    if (found) return nameOf(found);
    const target = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (target < 1 || target > 65_535) {
      const names = this.#wanted.map(nameOf).join(', ') || 'none';
      const remedy = 'Give the number of a port, or the name of one under `ports`.';
      this.#scope.problems.error('HF1013', `there is no port ${quote(text)} (ports: ${names})`, place, remedy);
      return null;
    }
    this.#add({ name: null, host: '', published: null, target, protocol: null, fixed: false, place });
    return String(target);
  }

  speaksHttp(name: string): void {
    for (const port of this.#wanted) if (nameOf(port) === name) this.#http.add(port.target);
  }

  finish(): readonly PortSpec[] {
    const { node, problems } = this.#scope;
    const protocols = dig(node, 'x-holdfast', 'protocol');
    const allFixed = readBool(own(node, 'fixed_ports')) ?? false;
    const names = new Map<string, number>();
    return this.#wanted.map((port) => {
      const name = nameOf(port);
      const same = names.get(name);
      if (same !== undefined)
        problems.error('HF1013', `two ports are named ${quote(name)}`, port.place, 'Rename one of them.');
      names.set(name, port.target);
      const explicit =
        protocols?.kind === 'map' ? (get(protocols, String(port.target)) ?? get(protocols, name)) : protocols;
      return {
        name,
        target: port.target,
        published: port.published === null ? null : { host: port.host, port: port.published },
        protocol: port.protocol ?? asProtocol(textOf(explicit)) ?? this.#usualProtocol(port.target),
        fixed: port.fixed || allFixed,
      };
    });
  }

  #usualProtocol(target: number): PortProtocol {
    return this.#http.has(target) || HTTP_PORTS.has(target) ? 'http' : 'tcp';
  }

  #add(port: Wanted): void {
    const index = this.#wanted.findIndex(({ target }) => target === port.target);
    const known = this.#wanted[index];
    if (known === undefined) {
      this.#wanted.push(port);
      return;
    }
    const twice = known.published !== null && port.published !== null;
    if (twice && (known.published !== port.published || known.host !== port.host)) {
      const what = `port ${port.target} is published twice`;
      const instead = `only ${port.host}:${port.published} is opened`;
      this.#scope.problems.notice('not-honoured', port.place, this.#scope.name, what, instead);
    }
    const published = port.published === null ? known : port;
    this.#wanted[index] = {
      ...port,
      name: port.name ?? known.name,
      host: published.host,
      published: published.published,
      protocol: port.protocol ?? known.protocol,
      fixed: port.fixed || known.fixed,
    };
  }
}

function nameOf(port: Wanted): string {
  return port.name ?? String(port.target);
}

function asProtocol(text: string | undefined): PortProtocol | null {
  return text === 'http' || text === 'tcp' ? text : null;
}

function longForm(node: SpecNode, scope: Scope): readonly Wanted[] {
  const target = readInteger(get(node, 'target'));
  if (target === undefined || target < 1 || target > 65_535) return [];
  const transport = textOf(get(node, 'protocol')) ?? 'tcp';
  if (isUnsupported(transport, node, `${target}/${transport}`, scope)) return [];
  const publishedNode = get(node, 'published');
  const published = range(textOf(publishedNode) ?? '');
  if (publishedNode && textOf(publishedNode) !== '' && published === null)
    return badPort(textOf(publishedNode) ?? '', publishedNode, scope);
  if (published && published[1] > published[0]) {
    const what = `port ${target} is to be published on one of ${textOf(publishedNode)}`;
    scope.problems.notice('not-honoured', node, scope.name, what, `the first, ${published[0]}`);
  }
  const host = addressOf(textOf(get(node, 'host_ip')) ?? '', node, scope);
  const application = textOf(get(node, 'app_protocol'));
  const explicit =
    asProtocol(textOf(dig(node, 'x-holdfast', 'protocol'))) ??
    (application === undefined
      ? asProtocol(transport === 'http' ? 'http' : undefined)
      : (asProtocol(application) ?? 'tcp'));
  return [
    {
      name: textOf(get(node, 'name')) ?? null,
      host: host ?? DEFAULT_HOST,
      published: published === null || published[0] === 0 ? null : published[0],
      target,
      protocol: explicit,
      fixed: readBool(get(node, 'fixed')) ?? readBool(dig(node, 'x-holdfast', 'fixed')) ?? false,
      place: node,
    },
  ];
}

function shortForm(node: SpecNode, scope: Scope): readonly Wanted[] {
  const text = (textOf(node) ?? '').trim();
  const [mapping = '', transportText = 'tcp'] = text.split('/');
  const parts = mapping.split(':');
  const targetText = parts.pop() ?? '';
  const publishedText = parts.pop() ?? '';
  const targets = range(targetText);
  if (targets === null || targets[0] < 1) return badPort(text, node, scope);
  if (isUnsupported(transportText.toLowerCase(), node, text, scope)) return [];
  const host = addressOf(parts.join(':'), node, scope);
  const published = range(publishedText);
  if (host === null || (publishedText !== '' && published === null)) return badPort(text, node, scope);
  if (published === null || published[0] === 0) {
    const what = `port ${targetText} is to be published on any free port`;
    scope.problems.notice('not-honoured', node, scope.name, what, 'not published; dependants reach it by its address');
    return expand(targets).map((target) => wantedPort(target, null, host, node));
  }
  const [to, from] = [expand(targets), expand(published)];
  if (to.length === 1 && from.length > 1) {
    const what = `port ${to[0]} is to be published on one of ${publishedText}`;
    scope.problems.notice('not-honoured', node, scope.name, what, `the first, ${from[0]}`);
    return [wantedPort(to[0] as number, from[0] as number, host, node)];
  }
  if (to.length !== from.length) return badPort(text, node, scope);
  return to.map((target, index) => wantedPort(target, from[index] as number, host, node));
}

function wantedPort(target: number, published: number | null, host: string, place: Place): Wanted {
  return { name: null, host, published, target, protocol: null, fixed: false, place };
}

function exposed(node: SpecNode, scope: Scope): readonly Wanted[] {
  const text = (textOf(node) ?? '').trim();
  const match = /^(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(text);
  const targets = range(match?.[1] ?? '');
  if (targets === null || targets[0] < 1) return badPort(text, node, scope);
  const transport = (match?.[2] ?? 'tcp').toLowerCase();
  if (isUnsupported(transport, node, text, scope)) return [];
  return expand(targets).map((target) => wantedPort(target, null, DEFAULT_HOST, node));
}

/** null: no range of ports, or one too large. */
function range(text: string): readonly [number, number] | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return null;
  const [low, high] = [Number(match[1]), Number(match[2] ?? match[1])];
  return high <= 65_535 && low <= high && high - low < MAX_RANGE ? [low, high] : null;
}

function expand([low, high]: readonly [number, number]): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** Brackets off; null when it is no address. */
function addressOf(text: string, place: Place, scope: Scope): string | null {
  if (text === '') return DEFAULT_HOST;
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (ADDRESS.test(address) || address === 'localhost') return address === 'localhost' ? DEFAULT_HOST : address;
  const remedy = 'Write an IP address of this machine, such as 0.0.0.0.';
  scope.problems.error('HF1013', `${quote(text)} is not an IP address`, place, remedy);
  return null;
}

function isUnsupported(transport: string, place: Place, text: string, scope: Scope): boolean {
  if (transport === 'tcp' || transport === 'http') return false;
  const instead = 'the program may open it itself; it is neither balanced nor measured';
  scope.problems.notice('not-honoured', place, scope.name, `port ${text}: only TCP is balanced`, instead);
  return true;
}

function badPort(text: string, place: Place, scope: Scope): readonly Wanted[] {
  const remedy = 'Write "8080:80", "127.0.0.1:8080:80", a range such as "8000-8005:8000-8005", or the long form.';
  scope.problems.error('HF1013', `${quote(text)} is not a port mapping`, place, remedy);
  return [];
}
