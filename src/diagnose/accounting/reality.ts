/**
 * Did anything happen at all? Asked before anybody is accused: of the symptom's service and of the suspect, how far
 * they deviate and whether it lasted, in log10 odds for a real incident.
 *
 *   far     : PER_DECADE × log10(σ ÷ NEUTRAL_SIGMA), bounded. Deviations have heavy tails: doubling one is no proof.
 *   lasting : −log10 P(at least k of n bins beyond the gate by chance) against one in twenty, bounded.
 *             Nothing can be said from a single bin.
 *   unfelt  : a small trouble deep down drowns in what the symptom's service measures: its silence costs a suspect
 *             that deviates by itself, or against whom facts speak that are no part of the damage, only so much.
 */
import type { RecordedAccounts, Unit } from './account.ts';
import type { Excess } from './excess.ts';

const FAR = { perDecade: 2, neutralSigma: 4, least: -1, most: 0.7 };
/** A quiet service's chance of a bin beyond the gate: more than 2 σ would give, because noise comes in runs. */
const LASTING = { chance: 0.1, neutral: 1.3, least: -0.8, most: 0.7 };

/** Cost of the symptom's silence at most, and how sure a suspect's own deviation must be for that, in log10 odds. */
const UNFELT = { costs: 0.8, deviates: 0.5 };
/** Evidence that is no part of the damage, from which on a suspect need not deviate itself to be believed. */
const INDEPENDENT = 0.5;

/**
 * log10 odds that the incident is real, given whom it is laid upon. `facts`: log10 odds of the evidence against the
 * suspect that is no part of the damage.
 */
export function reality(accounts: RecordedAccounts, unit: Unit, suspect: number | undefined, facts: number): number {
  const symptom = accounts.excess[accounts.symptom];
  const other = suspect === undefined || suspect === accounts.symptom ? null : accounts.excess[suspect];
  const felt = symptom ? ofExcess(symptom, unit) : 0;
  const own = other ? Math.max(...UNIT_PAIR.map((u) => ofExcess(other, u))) : 0;
  const known = facts >= INDEPENDENT;
  const least = known || own >= UNFELT.deviates ? -UNFELT.costs : felt;
  return Math.max(felt, least) + (known ? Math.max(0, own) : own) + Math.max(0, facts);
}

const UNIT_PAIR: readonly Unit[] = ['seconds', 'failed'];

/** log10 odds that what one service suffers is more than noise. */
export function ofExcess(excess: Excess, unit: Unit): number {
  const [sigma, bins] =
    unit === 'seconds' ? [excess.slowSigma, excess.slowBins] : [excess.failedSigma, excess.failedBins];
  const far = FAR.perDecade * Math.log10(Math.max(sigma, 0.01) / FAR.neutralSigma);
  return clamp(far, FAR) + lasting(bins, excess.measuredBins);
}

function lasting(bins: number, of: number): number {
  if (of < 2) return 0;
  return clamp(-Math.log10(atLeast(bins, of, LASTING.chance)) - LASTING.neutral, LASTING);
}

/** P(X ≥ k) for X ~ binomial(n, p). */
function atLeast(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < k; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return Math.max(1 - below, 1e-12);
}

function clamp(value: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return Math.max(least, Math.min(most, value));
}
