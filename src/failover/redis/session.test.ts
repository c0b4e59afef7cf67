import { describe, expect, it } from 'vitest';
import { readInfo } from './session.ts';

const info = (...lines: string[]): string => ['# Replication', ...lines, ''].join('\r\n');

describe('INFO replication', () => {
  it('names the standbys that are online and close behind', () => {
    const text = info(
      'role:master',
      'connected_slaves:3',
      'slave0:ip=cache-2,port=20011,state=online,offset=980,lag=0',
      'slave1:ip=cache-3,port=20012,state=online,offset=100,lag=1',
      'slave2:ip=cache-4,port=20013,state=wait_bgsave,offset=0,lag=0',
      'master_repl_offset:1000',
    );
    expect(readInfo(text, 100)).toEqual({
      role: 'primary',
      near: ['cache-2'],
      caughtUp: ['cache-2'],
      syncVersion: null,
    });
  });

  it('knows a standby', () => {
    expect(readInfo(info('role:slave', 'master_link_status:up'), 100)).toMatchObject({ role: 'standby', near: [] });
  });
});
