/**
 * How inputs and decisions are written into the journal, and read back. Three kinds of entries (besides the
 * journal's own segment headers, which carry a state):
 *
 *   step     one input that led to something, with a digest of all outputs and the decisions in words
 *   quiet    inputs in a row that led to nothing: telemetry and ticks, written together to save room
 *   start    a server began to write here: its version and its clock
 */
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CoreInput, CoreOptions, CoreOutput } from '../core/contract.ts';
import type { Ms } from '../model/time.ts';
import type { ClockRecord } from './clock.ts';

export interface StepBody {
  readonly input: CoreInput;
  readonly digest: string;
  readonly decisions: readonly string[];
}

export interface QuietBody {
  readonly count: number;
  /** The inputs as JSON, sealed, deflated (telemetry shrinks to a tenth), in base64. */
  readonly packed: string;
}

export type QuietInputs = readonly (readonly [at: Ms, input: CoreInput])[];

export function packQuiet(inputs: QuietInputs, seal: (text: string) => string): QuietBody {
  const packed = deflateRawSync(seal(JSON.stringify(inputs)), { level: 1 }).toString('base64');
  return { count: inputs.length, packed };
}

export function unpackQuiet({ packed }: QuietBody, unseal: (text: string) => string): QuietInputs {
  return JSON.parse(unseal(inflateRawSync(Buffer.from(packed, 'base64')).toString())) as QuietInputs;
}

export interface StartBody {
  readonly version: string;
  readonly pid: number;
  readonly clock: ClockRecord;
}

/** What segment headers carry: the core's own snapshot and what the server needs beside it. */
export interface StateRecord {
  readonly version: string;
  readonly clock: ClockRecord;
  readonly eventSeq: number;
  /** Replay must make the core with the very same. */
  readonly options: CoreOptions;
  readonly core: string;
}

/** Of the outputs as they are journaled (sealed), so that the digest gives no secret away either. */
export function digestOf(sealedOutputs: string): string {
  return createHash('sha256').update(sealedOutputs).digest('hex').slice(0, 16);
}

/** True when the outside world would see it: such outputs wait until the journal is durable. */
export function acts(output: CoreOutput): boolean {
  return output.kind !== 'event';
}

/** The outputs in words, one line each, for `holdfast journal`. */
export function decisionsOf(outputs: readonly CoreOutput[]): readonly string[] {
  return outputs.map(decisionText);
}

function decisionText(output: CoreOutput): string {
  switch (output.kind) {
    case 'event':
      return `${output.event.topic}: ${output.event.text}`;
    case 'page':
      return `page for ${output.incident}: ${output.text}`;
    case 'reply':
      return output.ok ? `accepted: ${output.detail}` : `refused: ${output.code} ${output.message}`;
    case 'command':
      return `command: ${commandText(output.command)}`;
  }
}

function commandText(command: Extract<CoreOutput, { kind: 'command' }>['command']): string {
  switch (command.kind) {
    case 'start':
      return `start ${command.launch.instance}#${command.launch.incarnation}`;
    case 'stop':
      return `stop ${command.instance}#${command.incarnation} (${command.signal})`;
    case 'kill':
    case 'forget':
      return `${command.kind} ${command.instance}#${command.incarnation}`;
    case 'role':
      return `${command.role} ${command.instance}#${command.incarnation} under token ${command.token}`;
    case 'routes':
      return `routes ${command.table.version}`;
    case 'inject':
      return `inject ${command.order.kind} at ${command.order.instance ?? 'the machine'} (${command.order.id})`;
    case 'renew':
    case 'revert':
      return `${command.kind} ${command.fault}`;
    case 'revert-all':
      return command.kind;
  }
}

/** One line about an input. */
export function inputText(input: CoreInput): string {
  switch (input.kind) {
    case 'tick':
      return 'tick';
    case 'configure':
      return `the API is at ${input.apiUrl}`;
    case 'apply':
      return `apply ${input.spec.name} (${Object.keys(input.spec.services).length} services)`;
    case 'operator':
      return `operator: ${operatorText(input.command)}`;
    case 'fault':
      return `experiment: ${faultText(input.command)}`;
    case 'agent': {
      const { message } = input;
      if (message.kind === 'signals') return `signals of ${message.node}: ${countKinds(message.signals)}`;
      if (message.kind === 'inventory') return `inventory of ${message.node}: ${message.items.length} lives`;
      if (message.kind === 'faults')
        return `faults on ${message.node}: ${message.faults.map(({ id, phase }) => `${id} ${phase}`).join(', ')}`;
      if (message.kind === 'routes-applied') return `routes ${message.version} applied on ${message.node}`;
      if (message.kind === 'part') return `${message.part} process on ${message.node}: ${message.state}`;
      return `command failed on ${message.node}: ${message.instance}: ${message.error}`;
    }
  }
}

function faultText(command: Extract<CoreInput, { kind: 'fault' }>['command']): string {
  if (command.kind === 'revert-all') return command.kind;
  if (command.kind !== 'inject') return `${command.kind} ${command.fault}`;
  const { id, kind, instances } = command.fault;
  return `${kind} on ${instances.join(', ') || 'the machine'} (${id})`;
}

function operatorText(command: Extract<CoreInput, { kind: 'operator' }>['command']): string {
  const { kind, ...rest } = command;
  const details = Object.values(rest).filter((value) => value !== null);
  return [kind, ...details].join(' ');
}

export function countKinds(items: readonly { readonly kind: string }[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of items) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
