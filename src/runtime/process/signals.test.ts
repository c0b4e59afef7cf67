import { expect, it } from 'vitest';
import { parseSignal, signalName } from './signals.ts';

it('knows signals by the names that people know', () => {
  expect([1, 6, 9, 15, 29].map(signalName)).toEqual(['SIGHUP', 'SIGABRT', 'SIGKILL', 'SIGTERM', 'SIGIO']);
  expect(signalName(40)).toBe('signal 40');
});

it('reads what a spec may say', () => {
  expect(['SIGTERM', 'term', '15', 'SIGQUIT', 'usr1'].map(parseSignal)).toEqual([
    'SIGTERM',
    'SIGTERM',
    'SIGTERM',
    'SIGQUIT',
    'SIGUSR1',
  ]);
  expect(['', 'NONE', '99', '0'].map(parseSignal)).toEqual([undefined, undefined, undefined, undefined]);
});
