/** What the detectors themselves make of noise: fewer remarks than the alerts that add them up reckon with. */
import { expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { AlertGate, PER_DAY } from './gate.ts';
import { SeriesWatch } from './series.ts';

const SERVICES = 2;
const SERIES = 8;
const STEP_MS = 10_000;
const STEPS_A_DAY = 86_400_000 / STEP_MS;
const START = 1_700_000_000_000;

it('noise of four kinds brings up no more than twice a day and service', () => {
  const random = Random.seeded(5);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
  const poisson = (mean: number): number => {
    let count = 0;
    for (let p = random.float(); p > Math.exp(-mean); p *= random.float()) count++;
    return count;
  };
  let wandering = 0;
  const kinds = [
    () => 10 + normal(),
    () => {
      wandering = 0.9 * wandering + normal();
      return 20 + wandering;
    },
    (step: number) => 50 + 20 * Math.sin((2 * Math.PI * step) / STEPS_A_DAY) + normal(),
    () => poisson(4),
  ];
  const watch = new SeriesWatch();
  const gate = new AlertGate();
  const steps = STEPS_A_DAY / 3;
  let remarks = 0;
  for (let step = 0; step < steps; step++) {
    const wallMs = START + step * STEP_MS;
    for (let n = 0; n < SERVICES * SERIES; n++) {
      const service = `s${n % SERVICES}`;
      const series = { id: n + 1, name: `m${n}`, kind: 'gauge', labels: {}, unit: '', source: service } as const;
      const value = (kinds[n % kinds.length] as (step: number) => number)(step);
      watch.take({ kind: 'instance', name: `${service}-1`, service }, series, wallMs, value);
    }
    const known = new Set(gate.open.map(({ entity }) => entity.name));
    const told = gate.review(
      watch.candidates(wallMs, (at) => at - START),
      step * STEP_MS,
    );
    remarks += told.filter(({ over, claim }) => !over && !known.has(claim.entity.name)).length;
  }
  expect(remarks).toBeLessThanOrEqual((PER_DAY * SERVICES * steps) / STEPS_A_DAY);
}, 60_000);
