/** What a pool needs from its surroundings. */
import type { Random } from '../model/random.ts';
import type { StallSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import type { PoolFaults } from './faults/board.ts';
import type { Member } from './member.ts';

export interface PoolEnvironment {
  readonly random: Random;
  readonly now: () => Ms;
  emit(signal: StallSignal): void;
  /** Opens a connection to see whether the member accepts any: null when it does, else the error. */
  probe(member: Member, timeoutMs: Ms, faults: PoolFaults | null, done: (error: string | null) => void): void;
}
