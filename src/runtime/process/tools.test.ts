import { expect, it } from 'vitest';
import { accountPrefix, findTools, sessionPrefix } from './tools.ts';

const only = (...paths: string[]) => findTools((path) => paths.includes(path));
const account = { uid: 33, gid: 34, name: 'www', home: null };

it('prefers setsid, makes do with perl, and says when it has neither', () => {
  expect(sessionPrefix(only('/usr/bin/setsid', '/usr/bin/perl'))).toEqual(['/usr/bin/setsid', '--']);
  expect(sessionPrefix(only('/usr/bin/perl'))[0]).toBe('/usr/bin/perl');
  expect(sessionPrefix(only())).toEqual([]);
  expect(only('/bin/setsid').notices).toEqual([]);
  expect(only().notices).toHaveLength(1);
});

it('switches users by setpriv, else by perl, else not at all', () => {
  expect(accountPrefix(only('/usr/bin/setpriv'), account)).toEqual([
    '/usr/bin/setpriv',
    '--reuid=33',
    '--regid=34',
    '--init-groups',
    '--',
  ]);
  expect(accountPrefix(only('/usr/bin/setpriv'), { ...account, name: null })).toContain('--clear-groups');
  expect(accountPrefix(only('/usr/bin/perl'), account).slice(-2)).toEqual(['34', '33']);
  expect(() => accountPrefix(only(), account)).toThrow(expect.objectContaining({ code: 'HF3005' }));
});
