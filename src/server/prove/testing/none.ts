/** A proving part with which nothing is proven, for planes of tests that are about something else. */
import { HoldfastError } from '../../../model/errors.ts';
import type { ProvingPlane } from '../../control-plane.ts';

function nothingHere(): never {
  throw new HoldfastError('HF8205', 'nothing is injected here');
}

export const NO_PROVING: ProvingPlane = {
  list: () => [],
  one: (id) => {
    throw new HoldfastError('HF6005', `there is no proof ${id}`);
  },
  start: async () => ({ suite: 'suite-1', proofs: [], notices: [] }),
  offer: (incident) => {
    throw new HoldfastError('HF5003', `there is no incident ${incident}`);
  },
  stop: async () => ({ detail: 'no experiment is under way' }),
  schedules: () => [],
  schedule: async () => {
    throw new HoldfastError('HF6004', 'nothing is scheduled here');
  },
  unschedule: async () => ({ detail: 'none' }),
  inject: async () => nothingHere(),
  renew: async () => nothingHere(),
  revert: async () => nothingHere(),
  faults: () => ({ kinds: [], running: [] }),
  coverage: () => ({ kinds: [], services: [], cells: [], open: [], left: [], grid: '' }),
  live: () => ({ running: [], proofs: [] }),
};
