/**
 * Did what was predicted come true, and did it end with the fault?
 *
 *   confirmed    : the damage is within the prediction, one of its symptoms was seen, and both went away
 *   refuted      : the fault bit, and the damage (where none was to be seen: the symptom) that it should do did not come
 *   inconclusive : the run proves nothing; it was not calm before; more came than was predicted; or it did not end
 */
import type { CauseMeasured, CauseTest, CauseVerdict, Lost, Range } from './contract.ts';

/** Users' calls below which a share of them says nothing. */
const MIN_REQUESTS = 20;
/** Of the damage a second while the fault lasted, this much may go on when it is over. */
const MAY_REMAIN = 0.2;
/** Damage a second that is always there: failed requests, seconds of waiting. */
const ALWAYS = 0.2;
/** Of the least that was predicted, so much before the fault makes the run worthless. */
const CALM = 0.5;

export function judgeCause(test: CauseTest, measured: CauseMeasured): CauseVerdict {
  const { prediction, incident, accused } = test;
  const [verdict, why] = decide(test, measured);
  const { during, after, symptoms } = measured;
  const seen = symptoms.length === 0 ? 'no symptom' : symptoms.join(', ');
  const figures = `${seen}; users lost ${lossOf(during)}, afterwards ${lossOf(after)} in ${seconds(after)} s`;
  const words = { confirmed: 'Confirmed', refuted: 'Refuted', inconclusive: 'Inconclusive' }[verdict];
  return {
    incident,
    accused,
    verdict,
    predicted: prediction.text,
    measured: figures,
    text: `${words}: ${accused} as the cause of ${incident}: ${why}.`,
  };
}

function decide(
  { prediction, kind, target }: CauseTest,
  { valid, why, before, during, after, symptoms, steady }: CauseMeasured,
): readonly [CauseVerdict['verdict'], string] {
  const { failed, waitedSeconds } = prediction;
  if (!valid) return ['inconclusive', why];
  const telling = failed.low > 0 || waitedSeconds.low > 0;
  if (telling && during.requests < MIN_REQUESTS)
    return ['inconclusive', `only ${during.requests} calls of users while it lasted: too few to tell`];
  if (noisy(failed, before.failed) || noisy(waitedSeconds, before.waitedSeconds))
    return ['inconclusive', 'users lost as much before anything was done'];
  const injected = `${kind} on ${target}`;
  const short = during.failed < failed.low || during.waitedSeconds < waitedSeconds.low;
  if (short) return ['refuted', `${injected} did less than the predicted damage`];
  const known = prediction.symptoms.length === 0 || symptoms.some((symptom) => prediction.symptoms.includes(symptom));
  if (!known) {
    const what = `${injected} did not make it ${prediction.symptoms.join(' or ')}`;
    return telling ? ['inconclusive', `${what}, though the damage came`] : ['refuted', what];
  }
  if (!telling && prediction.symptoms.length === 0) return ['inconclusive', 'nothing was predicted that could fail'];
  if (during.failed > failed.high || during.waitedSeconds > waitedSeconds.high)
    return ['inconclusive', `${injected} did more than was predicted: it is more than what happened`];
  if (!steady || goesOn(during, after)) return ['inconclusive', 'the damage went on when the fault was over'];
  return ['confirmed', `${injected} did what was predicted, and it ended with it`];
}

function noisy({ low }: Range, before: number): boolean {
  return low > 0 && before > CALM * low;
}

function goesOn(during: Lost, after: Lost): boolean {
  const more = (of: 'failed' | 'waitedSeconds'): boolean => {
    const rate = (lost: Lost): number => (lost.overMs === 0 ? 0 : (1_000 * lost[of]) / lost.overMs);
    return rate(after) > Math.max(ALWAYS, MAY_REMAIN * rate(during));
  };
  return more('failed') || more('waitedSeconds');
}

function lossOf({ failed, requests, waitedSeconds }: Lost): string {
  return `${failed} of ${requests} requests and ${Math.round(waitedSeconds * 10) / 10} s of waiting`;
}

function seconds({ overMs }: Lost): number {
  return Math.round(overMs / 1_000);
}
