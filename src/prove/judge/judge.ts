/**
 * Judges one run of an experiment: the whole loop, aspect by aspect, each with its evidence.
 *
 * confirmed: all that was expected came true. mismatch: something did not, or something was left behind.
 * inconclusive: the run proves nothing, because it did not come to its end, because a fault had no effect, or because
 * something that was expected was not measured. A run that proves nothing is never a confirmation.
 */
import { isBack, PART_KILL } from '../../model/part-fault.ts';
import { formatDuration } from '../../model/time.ts';
import type { FaultRecord } from '../experiment/index.ts';
import { consistency, lost } from './costs.ts';
import { type Loop, loopOf } from './loop.ts';
import type { Evidence, Finding, Verdict, VerdictWord } from './verdict.ts';

export function judge(evidence: Evidence): Verdict {
  const { experiment, journal } = evidence;
  const { faults } = journal['x-holdfast'];
  const loop = loopOf(evidence);
  const findings = [
    ran(evidence),
    bitten(faults, loop),
    ...loop.findings,
    ...parts(faults),
    lost(evidence),
    consistency(evidence),
    residue(evidence),
    steady(evidence),
  ];
  const verdict = wordOf(findings);
  return {
    format: 1,
    experiment: experiment.title,
    verdict,
    summary: summarise(verdict, findings, loop),
    findings,
    detectedAfterMs: loop.detectedAfterMs,
    repairedAfterMs: loop.repairedAfterMs,
    blamed: loop.blamed,
    faultClass: loop.faultClass,
    actions: loop.actions,
    faults: faults.map(({ kind, service }) => ({ kind, service })),
    durationMs: journal.duration * 1_000,
    halted: journal.status === 'aborted',
  };
}

/**
 * What is left behind counts whatever else happened; apart from that a run has to be valid before its other findings
 * mean anything.
 */
function wordOf(findings: readonly Finding[]): VerdictWord {
  const of = (aspect: Finding['aspect']): Finding | undefined => findings.find((one) => one.aspect === aspect);
  if (of('residue')?.result === 'unmet') return 'mismatch';
  const valid = [of('ran'), of('bitten')].every((one) => one?.result === 'met' || one?.result === 'told');
  if (!valid) return 'inconclusive';
  if (findings.some(({ result }) => result === 'unmet')) return 'mismatch';
  return findings.some(({ result }) => result === 'unknown') ? 'inconclusive' : 'confirmed';
}

function ran({ journal, experiment }: Evidence): Finding {
  const { before } = journal.steady_states;
  const expected = 'to its end';
  const finding = (result: Finding['result'], found: string, evidence: readonly string[] = []): Finding => ({
    aspect: 'ran',
    result,
    found,
    expected,
    evidence,
  });
  const { notes } = journal['x-holdfast'];
  if (journal.status === 'aborted' || journal.status === 'interrupted') return finding('unmet', journal.status, notes);
  if (before?.steady_state_met === false) return finding('unmet', 'the system was not steady before', notes);
  const failed = journal.run.filter(({ status, activity }) => status === 'failed' && activity.type === 'action');
  const lines = failed.map(({ activity, exception }) => `${activity.name}: ${exception?.join('; ') ?? 'not begun'}`);
  if (lines.length > 0) return finding('unmet', 'not all of the method could be done', lines);
  const short = journal.run.length < experiment.method.length && !journal.deviated;
  return short ? finding('unmet', 'the method was cut short', notes) : finding('met', expected);
}

/** An effect that nobody could measure, but that was detected, was one. */
function bitten(faults: readonly FaultRecord[], loop: Loop): Finding {
  if (faults.length === 0)
    return { aspect: 'bitten', result: 'told', found: 'no fault of ours', expected: null, evidence: [] };
  const bites = faults.map((fault) => ({ fault, bite: biteOf(fault) }));
  const evidence = bites.map(({ fault, bite }) => `${nameOf(fault)}: ${bite.text}`);
  const without = bites.filter(({ bite }) => bite.bitten === false);
  const unmeasured = bites.filter(({ bite }) => bite.bitten === null);
  const base = { aspect: 'bitten', expected: 'every fault has its effect', evidence } as const;
  if (without.length > 0)
    return { ...base, result: 'unmet', found: `no effect: ${without.map(({ fault }) => nameOf(fault)).join(', ')}` };
  if (unmeasured.length > 0 && loop.detectedAfterMs === null)
    return {
      ...base,
      result: 'unknown',
      found: `not measured: ${unmeasured.map(({ fault }) => nameOf(fault)).join(', ')}`,
    };
  return { ...base, result: 'met', found: `${faults.length} of ${faults.length}` };
}

function biteOf(fault: FaultRecord): { readonly bitten: boolean | null; readonly text: string } {
  if (fault.begunAt === null) return { bitten: false, text: `never in force${fault.error ? `: ${fault.error}` : ''}` };
  const { bite } = fault;
  if (typeof bite !== 'object' || bite === null || !('bitten' in bite) || typeof bite.bitten !== 'boolean')
    return { bitten: null, text: 'its effect was not measured' };
  return { bitten: bite.bitten, text: `asked ${bite.asked}, measured ${bite.measured} ${bite.unit}` };
}

function nameOf({ kind, service, id }: FaultRecord): string {
  return `${kind}${service === null ? '' : ` on ${service}`} (${id})`;
}

/** Always expected of Holdfast itself: that it notices, that its part is back, and that every endpoint is open again. */
function parts(faults: readonly FaultRecord[]): readonly Finding[] {
  const killed = faults.filter(({ kind, begunAt }) => kind === PART_KILL && begunAt !== null);
  if (killed.length === 0) return [];
  const known = killed.flatMap(({ part }) => part ?? []);
  const told = known.map(({ part, backAfterMs, open, endpoints }) => {
    const back = backAfterMs === null ? 'not back' : `back after ${formatDuration(backAfterMs)}`;
    return `${part} ${back}, ${open} of ${endpoints} endpoints open`;
  });
  const evidence = known.map(({ killed: pid, successor, noticedAfterMs, closedForMs, withinMs }) => {
    const noticed = noticedAfterMs === null ? 'never noticed' : `noticed after ${formatDuration(noticedAfterMs)}`;
    const next = successor === null ? 'nothing' : `process ${successor}`;
    const closed = `the last endpoint took a connection after ${formatDuration(closedForMs)}`;
    return `process ${pid} was killed; ${noticed}; ${next} is in its place; ${closed} (${formatDuration(withinMs)} allowed)`;
  });
  const base = { aspect: 'part', expected: 'noticed, back in time, and every endpoint open', evidence } as const;
  if (known.length < killed.length) return [{ ...base, result: 'unknown', found: 'nobody could say' }];
  return [{ ...base, result: known.every(isBack) ? 'met' : 'unmet', found: told.join('; ') }];
}

/** Always expected: nothing. */
function residue({ journal }: Evidence): Finding {
  const { faults, residue: found } = journal['x-holdfast'];
  const left = [
    ...faults
      .filter(({ state }) => state !== 'reverted')
      .map((fault) => `${nameOf(fault)} ${fault.error ?? fault.state}`),
    ...faults.flatMap((fault) => fault.residue.map((line) => `${nameOf(fault)}: ${line}`)),
    ...(found ?? []),
  ];
  const lines = [...new Set(left)];
  const base = {
    aspect: 'residue',
    expected: faults.length === 0 ? null : 'nothing is left',
    evidence: lines,
  } as const;
  if (lines.length > 0) return { ...base, result: 'unmet', found: `${lines.length} left behind` };
  if (found === null) return { ...base, result: 'unknown', found: 'nobody could look' };
  return { ...base, result: faults.length === 0 ? 'told' : 'met', found: 'nothing is left' };
}

function steady({ experiment, journal }: Evidence): Finding {
  const { recovered } = journal['x-holdfast'];
  const { hypothesis } = experiment;
  if (hypothesis === null || hypothesis.probes.length === 0)
    return { aspect: 'steady', result: 'told', found: 'no hypothesis', expected: null, evidence: [] };
  const { notes } = journal['x-holdfast'];
  const base = { aspect: 'steady', expected: hypothesis.title, evidence: [...new Set(notes)] } as const;
  if (journal.deviated) return { ...base, result: 'unmet', found: 'deviated while the fault was in force' };
  if (recovered === null) {
    const met = journal.steady_states.after?.steady_state_met;
    if (met === undefined) return { ...base, result: 'unknown', found: 'not looked at again' };
    if (met) return { ...base, result: 'met', found: 'steady after the method', evidence: [] };
    return { ...base, result: 'unmet', found: 'not steady afterwards' };
  }
  if (recovered.steady_state_met) return { ...base, result: 'met', found: 'steady again', evidence: [] };
  return { ...base, result: 'unmet', found: 'did not come back' };
}

function summarise(verdict: VerdictWord, findings: readonly Finding[], loop: Loop): string {
  if (verdict === 'confirmed') {
    const { detectedAfterMs, repairedAfterMs, blamed } = loop;
    const parts = [
      detectedAfterMs === null ? null : `detected after ${formatDuration(detectedAfterMs)}`,
      blamed === null ? null : `${blamed} blamed`,
      repairedAfterMs === null ? null : `repaired after ${formatDuration(repairedAfterMs)}`,
    ].filter((part) => part !== null);
    return parts.length === 0 ? 'Confirmed.' : `Confirmed: ${parts.join(', ')}.`;
  }
  const wanted = verdict === 'mismatch' ? ['unmet'] : ['unmet', 'unknown'];
  const reasons = findings.filter(({ result }) => wanted.includes(result));
  const said = reasons.map(({ aspect, found }) => `${aspect}: ${found}`).join('; ');
  return `${verdict === 'mismatch' ? 'Mismatch' : 'Inconclusive'}: ${said}.`;
}
