/**
 * What must hold in every run: the safety invariants after each step, and at the end, after the quiet time, that
 * everything has healed and nothing was left behind.
 */

import type { Core, CoreOutput } from '../src/core/contract.ts';
import { isFaultOrder } from '../src/model/link.ts';
import { formatDuration, type Ms } from '../src/model/time.ts';
import type { SimulatedMachine } from './machine.ts';

/** A run that is broken says so a few times; the rest is noise. */
const MAX_FOUND = 10;

export class Invariants {
  readonly found: string[] = [];
  readonly #machine: SimulatedMachine;

  constructor(machine: SimulatedMachine) {
    this.#machine = machine;
  }

  violated(what: string, now: Ms): void {
    if (this.found.length < MAX_FOUND) this.found.push(`at ${formatDuration(now)}: ${what}`);
  }

  afterStep(core: Core, outputs: readonly CoreOutput[], now: Ms): void {
    if (outputs.length === 0) return;
    const { budget } = core;
    if (budget.out.length > budget.max) {
      this.violated(
        `budget: ${budget.out.length} instances out, ${budget.max} allowed (${budget.out.map(({ instance }) => instance).join(', ')})`,
        now,
      );
    }
    for (const output of outputs) {
      if (output.kind !== 'command') continue;
      const { command } = output;
      if (command.kind === 'routes' || isFaultOrder(command)) continue;
      const [instance, incarnation] =
        command.kind === 'start'
          ? [command.launch.instance, command.launch.incarnation]
          : [command.instance, command.incarnation];
      const process = this.#machine.processes.get(instance);
      if (
        command.kind !== 'start' &&
        command.kind !== 'forget' &&
        process &&
        process.launch.incarnation > incarnation
      ) {
        this.violated(
          `${command.kind} for life ${incarnation} of ${instance}, which is at ${process.launch.incarnation}`,
          now,
        );
      }
    }
  }

  atEnd(core: Core, now: Ms): void {
    for (const problem of problemsOf(core, this.#machine)) this.violated(problem, now);
  }
}

/** What is not well: every declared instance must be ready, nothing else may run, every incident must be closed. */
export function problemsOf(core: Core, machine: SimulatedMachine): string[] {
  const problems: string[] = [];
  for (const [name, service] of core.view.services) {
    const instances = [...core.instances.values()].filter((instance) => instance.service === name);
    const ready = instances.filter((instance) => instance.ready).length;
    if (ready === service.replicas) continue;
    const states = instances.map(({ id, phase, waitingFor }) => `${id} ${phase}${waitingFor ? `: ${waitingFor}` : ''}`);
    problems.push(`${name} has ${ready} of ${service.replicas} instances ready (${states.join(', ')})`);
  }
  for (const { launch, exit } of machine.processes.values()) {
    if (exit === null && core.instances.get(launch.instance)?.incarnation !== launch.incarnation) {
      problems.push(`${launch.instance} (life ${launch.incarnation}) runs, and nobody knows it`);
    }
  }
  for (const incident of core.incidents) {
    if (incident.closedAt === null) problems.push(`${incident.id} is still ${incident.status}: ${incident.title}`);
  }
  return problems;
}
