/** All proxies of the API, and what it can do with them. */
import type { Seats } from './contract.ts';
import { ApiError, badBody, missing, proxyExists, proxyNotFound } from './errors.ts';
import { asObject, type Body, field } from './fields.ts';
import { type ProxyBody, ToxicProxy } from './proxy.ts';

export class Proxies {
  readonly #proxies = new Map<string, ToxicProxy>();
  readonly #seats: Seats;
  readonly #seed: number;
  /** Changes come one after the other: what two clients want at once must not be half of each. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(seats: Seats, seed: number) {
    this.#seats = seats;
    this.#seed = seed;
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  get all(): readonly ToxicProxy[] {
    return [...this.#proxies.values()];
  }

  get(name: string): ToxicProxy {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw proxyNotFound();
    return proxy;
  }

  /** A proxy that lives elsewhere; one of its name gives way. */
  adopt(proxy: ToxicProxy): void {
    this.#proxies.set(proxy.name, proxy);
  }

  release(name: string): void {
    this.#proxies.delete(name);
  }

  async create(body: Body): Promise<ToxicProxy> {
    const given = read(body, { listen: '', upstream: '', enabled: true });
    if (given.name === '') throw missing('name');
    if (given.upstream === '') throw missing('upstream');
    if (this.#proxies.has(given.name)) throw proxyExists();
    return this.#add(given);
  }

  async #add({ name, listen, upstream, enabled }: Omit<ProxyBody, 'toxics'>): Promise<ToxicProxy> {
    const proxy = new ToxicProxy(name, this.#seats.create(name, listen, upstream), this.#seed);
    try {
      if (enabled) await proxy.seat.start();
    } catch (error) {
      await proxy.seat.remove();
      throw error;
    }
    this.#proxies.set(name, proxy);
    return proxy;
  }

  async update(name: string, body: Body): Promise<ToxicProxy> {
    const proxy = this.get(name);
    const { seat } = proxy;
    const given = read(body, { listen: seat.listen, upstream: seat.upstream, enabled: seat.enabled });
    if (!seat.isAt(given.listen, given.upstream)) await seat.move(given.listen, given.upstream);
    if (given.enabled) await seat.start();
    else await seat.stop();
    return proxy;
  }

  async remove(name: string): Promise<void> {
    const proxy = this.get(name);
    await proxy.seat.remove();
    await proxy.reset();
    this.#proxies.delete(name);
  }

  /**
   * Each of the list is there afterwards: one of its name and addresses keeps its toxics, one with others is replaced.
   * All of the list is looked at before anything is done.
   */
  async populate(list: unknown): Promise<ToxicProxy[]> {
    if (!Array.isArray(list)) throw badBody('json: cannot unmarshal object into Go value of type []struct');
    const wanted = list.map((each) =>
      read(asObject(each, 'toxiproxy.Proxy'), { listen: '', upstream: '', enabled: true }),
    );
    wanted.forEach(({ name, upstream }, index) => {
      if (name === '') throw missing(`name at proxy ${index + 1}`);
      if (upstream === '') throw missing(`upstream at proxy ${index + 1}`);
    });
    const twice = wanted.find(({ name }, index) => wanted.findIndex((other) => other.name === name) !== index);
    if (twice !== undefined) throw new ApiError(500, `duplicate proxy name "${twice.name}"`);
    const proxies: ToxicProxy[] = [];
    for (const each of wanted) proxies.push(await this.#addOrReplace(each));
    return proxies;
  }

  async #addOrReplace(wanted: Omit<ProxyBody, 'toxics'>): Promise<ToxicProxy> {
    const known = this.#proxies.get(wanted.name);
    if (known?.seat.isAt(wanted.listen, wanted.upstream)) {
      if (wanted.enabled) await known.seat.start();
      return known;
    }
    if (known !== undefined) await this.remove(wanted.name);
    return this.#add(wanted);
  }

  /** All enabled, no toxics. */
  async reset(): Promise<void> {
    for (const proxy of this.all) {
      await proxy.seat.start();
      await proxy.reset();
    }
  }
}

type Defaults = Pick<ProxyBody, 'listen' | 'upstream' | 'enabled'>;

function read(body: Body, defaults: Defaults): Omit<ProxyBody, 'toxics'> {
  return {
    name: field(body, 'name', 'string', ''),
    listen: field(body, 'listen', 'string', defaults.listen),
    upstream: field(body, 'upstream', 'string', defaults.upstream),
    enabled: field(body, 'enabled', 'boolean', defaults.enabled),
  };
}
