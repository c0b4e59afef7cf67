/**
 * One peer, three observers and a council on virtual time, in steps of an observer's tick. Observers hear heartbeats
 * when they arrive, and all that waited for them when they come back from a pause; their opinions travel over links as
 * bad as those of heartbeats. The peers among detectors listen where the first observer listens.
 */
import type { Opinion, PeerState } from '../../src/detect/liveness/contract.ts';
import { Council } from '../../src/detect/liveness/council.ts';
import { OBSERVER, Observer } from '../../src/detect/liveness/observer.ts';
import type { Random } from '../../src/model/random.ts';
import type { Detector } from './baselines.ts';
import { Link, type Profile, pausesOf, type Spells } from './links.ts';

const TICK_MS = OBSERVER.tickMs;
const REPORT_MS = 1_000;
/** A verdict so soon after a stall is about the stall. */
const AFTERMATH_MS = 1_500;
/** No detector here says down before this silence: saves asking. */
const NEVER_DOWN_MS = 2_500;
const PEER = 'peer';
const NAMES = ['a', 'b', 'c'];

/** Told of every change, with how long the peer has really sent nothing. */
export interface Witness {
  council(state: PeerState, at: number, sentNothingForMs: number): void;
  detector(index: number, at: number, sentNothingForMs: number): void;
}

interface Arrival {
  readonly at: number;
  readonly seq: number;
}

/** Who listens along with an observer. */
interface Ears {
  heard(at: number): void;
  wake(now: number): void;
}

const NOBODY: Ears = { heard: () => {}, wake: () => {} };

class Listener {
  readonly observer: Observer;
  readonly pauses: Spells;
  readonly #fromPeer: Link;
  readonly #toCouncil: Link;
  /** On their way, by time of arrival. */
  readonly #waiting: Arrival[] = [];
  readonly mail: { readonly at: number; readonly opinion: Opinion }[] = [];
  #reportedAt: number;
  #paused = false;

  constructor(name: string, profile: Profile, random: Random, phaseMs: number) {
    this.observer = new Observer(name);
    this.observer.watch(PEER, 0);
    this.pauses = pausesOf(profile, random.fork());
    this.#fromPeer = new Link(profile, random.fork());
    this.#toCouncil = new Link(profile, random.fork());
    this.#reportedAt = -phaseMs;
  }

  send(seq: number, at: number): void {
    const arrives = this.#fromPeer.send(at);
    if (arrives === null) return;
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1] as Arrival).at > arrives) place--;
    this.#waiting.splice(place, 0, { at: arrives, seq });
  }

  /** What has arrived by now, heard when the observer is awake. */
  step(now: number, incarnation: number, ears: Ears): void {
    if (this.pauses.isOn(now)) {
      this.#paused = true;
      return;
    }
    if (this.#paused) {
      // Timers run before sockets are read: what it sees first on waking is a long silence.
      this.#paused = false;
      if (this.observer.tick(now).length > 0) this.#report(now);
      ears.wake(now);
    }
    while (this.#waiting.length > 0 && (this.#waiting[0] as Arrival).at <= now) {
      const { at, seq } = this.#waiting.shift() as Arrival;
      // What arrived in the last tick is heard on time; what waited through a pause, now.
      const when = now - at <= TICK_MS ? at : now;
      this.observer.heartbeat({ peer: PEER, incarnation, seq }, when);
      ears.heard(when);
    }
    const changed = this.observer.tick(now).length > 0;
    if (changed || now - this.#reportedAt >= REPORT_MS) this.#report(now);
  }

  #report(now: number): void {
    this.#reportedAt = now;
    const opinion = this.observer.opinion(PEER, now);
    const arrives = this.#toCouncil.send(now);
    if (opinion && arrives !== null) this.mail.push({ at: arrives, opinion });
  }
}

export class World {
  readonly #witness: Witness;
  readonly #listeners: readonly Listener[];
  readonly #council = new Council(NAMES);
  readonly #detectors: readonly Detector[];
  readonly #down: boolean[];
  readonly #peerPauses: Spells;
  #state: PeerState = 'unknown';
  #nextHeartbeat: number;
  #lastSent = 0;
  #lastGap = 0;
  #heardAt = 0;
  #seq = 0;
  #incarnation = 1;
  #crashed = false;
  now = 0;

  constructor(profile: Profile, random: Random, detectors: readonly Detector[], witness: Witness) {
    this.#witness = witness;
    this.#detectors = detectors;
    this.#down = detectors.map(() => false);
    this.#listeners = NAMES.map((name, index) => {
      return new Listener(name, profile.differing?.[index] ?? profile, random.fork(), random.int(REPORT_MS));
    });
    this.#peerPauses = pausesOf(profile, random.fork());
    this.#nextHeartbeat = random.int(OBSERVER.heartbeatMs);
  }

  crash(): void {
    this.#crashed = true;
  }

  run(until: number): void {
    while (this.now < until) {
      this.now += TICK_MS;
      this.#step(this.now);
    }
  }

  #step(now: number): void {
    if (!this.#crashed) this.#beat(now);
    let news = now % REPORT_MS === 0 || this.#state !== 'alive';
    for (const [index, listener] of this.#listeners.entries()) {
      listener.step(now, this.#incarnation, index === 0 ? this.#ears : NOBODY);
      if (this.#deliver(listener, now)) news = true;
    }
    this.#askDetectors(now);
    this.#council.tick(now);
    // Judging it again when nothing came would say the same.
    if (!news) return;
    const { state } = this.#council.judge(PEER, now);
    if (state === this.#state) return;
    this.#state = state;
    this.#witness.council(state, now, this.#sentNothingFor(now));
    // Told that it was declared dead, a peer that lives begins a new incarnation.
    if (state === 'dead' && !this.#crashed) {
      this.#incarnation++;
      this.#seq = 0;
    }
  }

  /** Heartbeats on their beat; after a pause one, at once, and the beat goes on from there. */
  #beat(now: number): void {
    while (this.#nextHeartbeat <= now) {
      const at = this.#nextHeartbeat;
      if (this.#peerPauses.isOn(at)) {
        this.#nextHeartbeat = Math.max(at + 1, this.#peerPauses.endsAt);
        continue;
      }
      this.#seq++;
      this.#lastGap = at - this.#lastSent;
      this.#lastSent = at;
      for (const listener of this.#listeners) listener.send(this.#seq, at);
      this.#nextHeartbeat = at + OBSERVER.heartbeatMs;
    }
  }

  /** A stall that has just ended is still news for those who are far away. */
  #sentNothingFor(now: number): number {
    const justNow = now - this.#lastSent <= AFTERMATH_MS ? this.#lastGap : 0;
    return Math.max(now - this.#lastSent, justNow);
  }

  #deliver({ mail }: Listener, now: number): boolean {
    const before = mail.length;
    for (let at = 0; at < mail.length; ) {
      const letter = mail[at] as Listener['mail'][number];
      if (letter.at > now) at++;
      else {
        this.#council.report(letter.opinion);
        mail.splice(at, 1);
      }
    }
    return mail.length < before;
  }

  readonly #ears: Ears = {
    heard: (at) => {
      this.#heardAt = at;
      for (const [index, detector] of this.#detectors.entries()) {
        detector.heartbeat(at);
        this.#down[index] = false;
      }
    },
    wake: (now) => this.#askDetectors(now),
  };

  #askDetectors(now: number): void {
    if (now - this.#heardAt < NEVER_DOWN_MS || (this.#listeners[0] as Listener).pauses.isOn(now)) return;
    for (const [index, detector] of this.#detectors.entries()) {
      const down = detector.isDown(now);
      if (down && !this.#down[index]) this.#witness.detector(index, now, this.#sentNothingFor(now));
      this.#down[index] = down;
    }
  }
}
