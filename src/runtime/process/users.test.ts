import { describe, expect, it } from 'vitest';
import { findAccount } from './users.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a remark:x:7:7
www:x:33:34:www:/var/www:/sbin/nologin
broken:x:no:no
+nis::::::`;
const GROUP = 'root:x:0:\nweb:x:48:www\n';

describe('findAccount', () => {
  it.each([
    ['www', { uid: 33, gid: 34, name: 'www', home: '/var/www' }],
    ['33', { uid: 33, gid: 34, name: 'www' }],
    ['www:web', { uid: 33, gid: 48 }],
    ['www:7', { uid: 33, gid: 7 }],
    ['4711', { uid: 4711, gid: 4711, name: null, home: null }],
    ['4711:4712', { uid: 4711, gid: 4712, name: null }],
  ])('%s', (user, expected) => {
    expect(findAccount(user, PASSWD, GROUP)).toMatchObject(expected);
  });

  it.each(['nobody-here', 'broken', 'www:nogroup', ''])('refuses %j', (user) => {
    expect(() => findAccount(user, PASSWD, GROUP)).toThrow(expect.objectContaining({ code: 'HF3004' }));
  });
});
