/** The network faults on the way to the members of one pool, and how they come onto connections. */
import type { Member } from '../member.ts';
import type { ActiveFault } from './active.ts';
import type { PoolFaults } from './board.ts';
import { Line, type LineOwner } from './line.ts';

export class FaultSeat {
  /** null, as nearly always, when there are none. */
  #here: PoolFaults | null = null;

  get here(): PoolFaults | null {
    return this.#here;
  }

  /** Those in force from now on, also on what is open already. */
  set(faults: PoolFaults | null, members: Iterable<Member>): void {
    if (faults === null && this.#here === null) return;
    this.#here = faults;
    for (const member of members) for (const open of [...member.open]) open.refault();
  }

  /** For a new connection: its line with the faults that are on it; null when there are none. */
  line(member: Member, caller: string, owner: LineOwner): Line | null {
    if (this.#here === null) return null;
    return this.#lineWith(null, false, member, caller, owner);
  }

  /** For a connection whose faults may have changed. A line that does nothing any more is given up. */
  again(line: Line | null, member: Member, caller: string, owner: LineOwner): Line | null {
    return this.#lineWith(line, true, member, caller, owner);
  }

  #lineWith(line: Line | null, isOpen: boolean, member: Member, caller: string, owner: LineOwner): Line | null {
    const faults: readonly ActiveFault[] = this.#here?.of({ caller, instance: member.instance }) ?? [];
    if (faults.length === 0 && line === null) return null;
    const its = line ?? new Line(owner);
    its.set(faults, isOpen);
    return its.idle ? null : its;
  }
}
