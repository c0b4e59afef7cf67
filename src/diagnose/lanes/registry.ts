/** Every evidence lane. Adding one is a file and a line here. The order means nothing. */
import type { Lane } from './contract.ts';
import { ownExcess } from './own-excess.ts';

export const LANES: readonly Lane[] = [ownExcess];
