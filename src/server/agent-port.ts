/**
 * What the daemon asks of the agent beyond commands and messages: things that only exist while both share a process.
 * The Agent of src/agent satisfies it; tests use a small stand-in.
 */
import type { StatusResource } from '../api/resources.ts';
import type { FaultKindFacts } from '../model/fault.ts';
import type { AgentCommand, AgentMessage } from '../model/link.ts';

export interface AgentPort {
  /** Adopts what runs here; the first message is the inventory. */
  start(onMessage: (message: AgentMessage) => void): Promise<void>;
  command(command: AgentCommand): void;
  /** A report for a TTL check; HF3007 for an unknown instance. */
  heartbeat(instance: string, pass: boolean, note: string): void;
  /** HF3007 at once for an unknown instance. */
  logs(
    instance: string,
    options: { readonly tail: number; readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<string>;
  parts(): StatusResource['parts'];
  /** The faults that can be injected, with what this machine can do. Asked for seldom: it tries things out. */
  faultKinds(): readonly FaultKindFacts[];
  /** What these faults have left in the world, looked up now. */
  residue(faults: readonly string[]): Promise<readonly string[]>;
  /** Lets go of everything; instances go on. `traffic`: the traffic process is ended as well. */
  close(traffic: boolean): Promise<void>;
}
