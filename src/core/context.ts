/**
 * One step's working set: the state, the time that was handed in, and the outputs gathered so far. The modules of
 * the core are functions over it, so each can be read and tested alone.
 */

import type { Detection } from '../detect/index.ts';
import type { CoreEvent } from '../model/event.ts';
import type { AgentCommand } from '../model/link.ts';
import type { Random } from '../model/random.ts';
import type { Ms } from '../model/time.ts';
import type { RecoveryMemory } from '../recover/index.ts';
import type { CoreOptions, CoreOutput } from './contract.ts';
import type { CoreState, ServiceState, Slot } from './state.ts';
import type { StateView } from './view.ts';

export interface EventRefs {
  readonly service?: string;
  readonly instance?: string;
  readonly incident?: string;
}

export class Context {
  readonly state: CoreState;
  readonly options: CoreOptions;
  readonly random: Random;
  readonly detection: Detection;
  readonly memory: RecoveryMemory;
  readonly view: StateView;
  now: Ms = 0;
  out: CoreOutput[] = [];
  /** Set when something changed that the reconciler or the routes must look at. */
  dirty = true;

  constructor(
    state: CoreState,
    options: CoreOptions,
    parts: Pick<Context, 'random' | 'detection' | 'memory' | 'view'>,
  ) {
    this.state = state;
    this.options = options;
    this.random = parts.random;
    this.detection = parts.detection;
    this.memory = parts.memory;
    this.view = parts.view;
  }

  begin(now: Ms): void {
    this.now = Math.max(now, this.state.now);
    this.state.now = this.now;
    this.out = [];
  }

  /** Ids are short, unique over the life of the state, and tell their kind: `chg-12`. */
  nextId(prefix: string): string {
    this.state.serial += 1;
    return `${prefix}-${this.state.serial}`;
  }

  command(command: AgentCommand): void {
    this.out.push({ kind: 'command', node: this.options.node, command });
  }

  event(topic: CoreEvent['topic'], level: CoreEvent['level'], text: string, refs: EventRefs = {}): void {
    this.out.push({
      kind: 'event',
      event: {
        at: this.now,
        level,
        topic,
        text,
        service: refs.service ?? null,
        instance: refs.instance ?? null,
        incident: refs.incident ?? null,
      },
    });
  }

  ok(detail: string, id: string | null = null): void {
    this.out.push({ kind: 'reply', ok: true, detail, id });
  }

  refuse(code: string, message: string): void {
    this.out.push({ kind: 'reply', ok: false, code, message });
  }

  slotsOf(service: string): Slot[] {
    const slots: Slot[] = [];
    for (const slot of this.state.slots.values()) if (slot.service === service) slots.push(slot);
    return slots.sort((a, b) => a.slot - b.slot);
  }

  service(name: string): ServiceState | undefined {
    return this.state.services.get(name);
  }
}

export function isAlive(slot: Slot): boolean {
  return slot.phase === 'starting' || slot.phase === 'running' || slot.phase === 'stopping';
}
