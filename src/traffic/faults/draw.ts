/** Delays drawn from a distribution, from a generator that was handed in. */
import type { NetworkFaultParameters } from '../../model/network-fault.ts';
import type { Random } from '../../model/random.ts';
import type { Ms } from '../../model/time.ts';

/** Shape of the Pareto tail: the mean and the variance exist, the third moment does not. */
const PARETO_SHAPE = 3;

export interface Delay {
  readonly meanMs: Ms;
  draw(random: Random): Ms;
}

/** From the parameters that `latency` and `http-delay` share. */
export function delayOf(parameters: NetworkFaultParameters): Delay {
  const { ms, jitterMs, distribution, tailShare, tailMs } = parameters as Readonly<Record<string, number>>;
  const [base, jitter, share, tail] = [ms ?? 0, jitterMs ?? 0, tailShare ?? 0, tailMs ?? 0];
  switch (distribution as unknown) {
    case 'normal':
      return { meanMs: base, draw: (random) => Math.max(0, base + jitter * gaussian(random)) };
    case 'pareto':
      // Lomax: what is added to the least delay, with the given mean.
      return {
        meanMs: base + jitter,
        draw: (random) => base + jitter * (PARETO_SHAPE - 1) * ((1 - random.float()) ** (-1 / PARETO_SHAPE) - 1),
      };
    case 'tail':
      return { meanMs: base * (1 - share) + tail * share, draw: (random) => (random.chance(share) ? tail : base) };
    default:
      return { meanMs: base, draw: (random) => Math.max(0, base + jitter * (2 * random.float() - 1)) };
  }
}

/** Box and Muller, 1958. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
