/** Every evidence lane. Adding one is a file and a line here. The order means nothing. */
import { callRates } from './call-rates.ts';
import { changes } from './changes.ts';
import type { Lane } from './contract.ts';
import { dose } from './dose.ts';
import { edgeGap } from './edge-gap.ts';
import { exits } from './exits.ts';
import { logs } from './logs.ts';
import { ownExcess } from './own-excess.ts';
import { resources } from './resources.ts';
import { shapes } from './shapes.ts';
import { shared } from './shared.ts';
import { slowdown } from './slowdown.ts';

export const LANES: readonly Lane[] = [
  callRates,
  changes,
  dose,
  edgeGap,
  exits,
  logs,
  ownExcess,
  resources,
  shapes,
  shared,
  slowdown,
];
