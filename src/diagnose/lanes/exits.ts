/**
 * Processes that ended, and what the kernel said: facts about one process, rarely anybody else's doing. Those after the
 * damage had begun may be its effect (a health check that gave up) and weigh less.
 */
import type { RecordedExit } from '../recorded/types.ts';
import { type Lane, ofService, type ServiceEvidence } from './contract.ts';

/** An exit this long before onset still belongs to the incident. */
const LEAD_MS = 120_000;
/** After onset, when it may be an effect. */
const LATE = 0.5;

/**
 * What the end of a process says, whoever saw it. Half an order of magnitude above what reasoning gave for kills, signals
 * and exits: in drills (`bench drills`) they were right each time, and believed less than that.
 */
export const ENDED = {
  /** The kernel says why. */
  oom: { weight: 2.5, faultClass: 'capacity', mechanism: 'memory limit exceeded' },
  kernel: { weight: 1.5, faultClass: 'hardware', mechanism: 'the kernel reports a fault' },
  /** SIGKILL or SIGTERM that nobody in charge sent: a fact about this process alone. */
  killed: { weight: 2.8, faultClass: 'software', mechanism: 'killed by a signal' },
  /** A fault of its own: rarely anybody else's doing. */
  signal: { weight: 2.5, faultClass: 'software', mechanism: 'killed by a signal' },
  code: { weight: 2.5, faultClass: 'software', mechanism: 'ended by itself' },
  restart: { weight: 0.8, faultClass: 'software', mechanism: 'restarted' },
  'spawn-failed': { weight: 2, faultClass: 'software', mechanism: 'cannot be started' },
} as const satisfies Record<string, ServiceEvidence>;

export const exits: Lane = {
  name: 'exits',
  cap: 3,
  examine({ recording, accounts }) {
    if (recording.exits === undefined) return { evidence: [], missing: 'exits of processes and kernel messages' };
    const { onsetMs } = recording.symptom;
    const bin = recording.bins[accounts.windows.beforeTo];
    const slackMs = bin === undefined ? 0 : bin.toMs - bin.fromMs;
    const endMs = recording.bins[accounts.windows.end - 1]?.toMs ?? Number.POSITIVE_INFINITY;
    const strongest = new Map<string, { exit: RecordedExit; weight: number }>();
    for (const exit of recording.exits) {
      if (exit.atMs < onsetMs - LEAD_MS - slackMs || exit.atMs > endMs) continue;
      const weight = ENDED[exit.reason].weight * (exit.atMs > onsetMs + slackMs ? LATE : 1);
      if (weight > (strongest.get(exit.service)?.weight ?? 0)) strongest.set(exit.service, { exit, weight });
    }
    const evidence = [...strongest].map(([service, { exit, weight }]) => {
      const ago = Math.round((exit.atMs - onsetMs) / 1_000);
      const when = ago <= 0 ? `${-ago} s before onset` : `${ago} s after onset`;
      return ofService(service, `${exit.instance ?? service}: ${exit.detail}, ${when}`, {
        ...ENDED[exit.reason],
        weight,
      });
    });
    return { evidence, missing: null };
  },
};
