import { expect, it } from 'vitest';
import { buildEnvironment, splitForShell } from './environment.ts';

it('inherits a few variables, and the launch wins', () => {
  const own = { PATH: '/bin', HOME: '/root', LC_ALL: 'C', TZ: 'UTC', TOKEN: 'x', NODE_OPTIONS: 'y', LANG: undefined };
  expect(buildEnvironment(own, [{ HOME: '/srv' }, { TZ: 'CET', PORT: '1' }])).toEqual({
    PATH: '/bin',
    HOME: '/srv',
    LC_ALL: 'C',
    TZ: 'CET',
    PORT: '1',
  });
});

it('splits off what a shell drops or changes', () => {
  const { plain, odd } = splitForShell({ A: '1', 'a.b': '2', _: '3', IFS: '4', '1A': '5', BASH_ENV: '6', _A9: '7' });
  expect(plain).toEqual({ A: '1', _A9: '7' });
  expect(odd.sort()).toEqual(['1A=5', 'BASH_ENV=6', 'IFS=4', '_=3', 'a.b=2']);
});
