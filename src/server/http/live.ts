/**
 * Live views: one hub that turns the control plane's notifications into server-sent events for many readers.
 *
 * Memory is bounded whatever readers do: resources are serialised once per notification and shared; a reader whose
 * socket is full is sent nothing until it drains, and then only the newest state (and the events that the ring still
 * holds). A reader that stays full is dropped; it reconnects and goes on from its last event.
 */
import type { ServerResponse } from 'node:http';
import { HoldfastError } from '../../model/errors.ts';
import type { ControlPlane, Topic } from '../control-plane.ts';

export interface LiveOptions {
  /** Default 64. Each costs a socket and at most one frame per topic. */
  readonly maxViews: number;
  /** Default 10,000: proxies cut connections that are silent for 30–60 s. */
  readonly heartbeatMs: number;
  /** Default 30,000: a reader that took nothing for so long is gone. */
  readonly stuckMs: number;
}

export const LIVE_DEFAULTS: LiveOptions = { maxViews: 64, heartbeatMs: 10_000, stuckMs: 30_000 };

type ResourceTopic = Exclude<Topic, 'event'>;
const RESOURCES: readonly ResourceTopic[] = ['status', 'services', 'incidents', 'edges', 'proofs'];
const INCIDENTS_SHOWN = 50;

interface View {
  readonly out: ServerResponse;
  /** The last event that was written to it. */
  seq: number;
  readonly dirty: Set<ResourceTopic>;
  /** Since when its socket is full; null while it takes what it is given. */
  fullSince: number | null;
}

export class LiveHub {
  readonly #plane: ControlPlane;
  readonly #options: LiveOptions;
  readonly #now: () => number;
  readonly #views = new Set<View>();
  readonly #frames = new Map<ResourceTopic, string>();
  #unsubscribe: (() => void) | null = null;
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(plane: ControlPlane, options: LiveOptions, now: () => number = () => performance.now()) {
    this.#plane = plane;
    this.#options = options;
    this.#now = now;
  }

  get size(): number {
    return this.#views.size;
  }

  /** Throws HF6009 before anything is written when there are too many. */
  reserve(): void {
    if (this.#views.size >= this.#options.maxViews) {
      throw new HoldfastError('HF6009', `there are ${this.#options.maxViews} live views already`);
    }
  }

  /** `after`: go on after this event; null: only what is new. The response belongs to the hub until it closes. */
  add(out: ServerResponse, after: number | null): void {
    this.reserve();
    const last = this.#plane.events(0).at(-1)?.seq ?? 0;
    // A number from another life of the ring may lie ahead of it: then everything there is counts as new.
    const seq = after === null ? last : after > last ? 0 : after;
    const view: View = { out, seq, dirty: new Set(RESOURCES), fullSince: null };
    out.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    this.#views.add(view);
    out.on('close', () => this.#remove(view));
    out.on('error', () => this.#remove(view));
    out.on('drain', () => {
      view.fullSince = null;
      this.#flush(view);
    });
    if (this.#unsubscribe === null) this.#start();
    out.write('retry: 1000\n\n');
    this.#flush(view);
  }

  close(): void {
    for (const view of this.#views) view.out.end();
    this.#views.clear();
    this.#stop();
  }

  /** Sends comments, and drops who takes nothing. Runs by itself every `heartbeatMs`. */
  beat(): void {
    for (const view of this.#views) {
      if (view.fullSince === null) this.#write(view, ': alive\n\n');
      else if (this.#now() - view.fullSince >= this.#options.stuckMs) view.out.destroy();
    }
  }

  #start(): void {
    this.#unsubscribe = this.#plane.subscribe((topic) => this.#notify(topic));
    this.#heartbeat = setInterval(() => this.beat(), this.#options.heartbeatMs);
    this.#heartbeat.unref();
  }

  #stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    this.#frames.clear();
  }

  #remove(view: View): void {
    if (this.#views.delete(view) && this.#views.size === 0) this.#stop();
  }

  #notify(topic: Topic): void {
    if (topic !== 'event') {
      this.#frames.delete(topic);
      for (const view of this.#views) view.dirty.add(topic);
    }
    for (const view of this.#views) this.#flush(view);
  }

  #flush(view: View): void {
    if (view.fullSince !== null || view.out.destroyed) return;
    for (const event of this.#plane.events(view.seq)) {
      view.seq = event.seq;
      if (!this.#write(view, `event: core\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)) return;
    }
    for (const topic of view.dirty) {
      view.dirty.delete(topic);
      if (!this.#write(view, this.#frame(topic))) return;
    }
  }

  #write(view: View, text: string): boolean {
    if (view.out.write(text)) return true;
    view.fullSince ??= this.#now();
    return false;
  }

  #frame(topic: ResourceTopic): string {
    const known = this.#frames.get(topic);
    if (known !== undefined) return known;
    const frame = `event: ${topic}\ndata: ${JSON.stringify(this.#resource(topic))}\n\n`;
    this.#frames.set(topic, frame);
    return frame;
  }

  #resource(topic: ResourceTopic): unknown {
    switch (topic) {
      case 'status':
        return this.#plane.status();
      case 'services':
        return this.#plane.services();
      case 'incidents':
        return this.#plane.incidents('all', INCIDENTS_SHOWN);
      case 'edges':
        return this.#plane.edges();
      case 'proofs':
        return this.#plane.proving.live();
    }
  }
}
