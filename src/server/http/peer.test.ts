import { describe, expect, it } from 'vitest';
import { nameOf, ownerOf } from './peer.ts';

// 7420 = 1CFC. The caller's socket (port AE1C = 44572) belongs to uid 1000; the server's own end to uid 0.
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1CFC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 x
   1: 0100007F:AE1C 0100007F:1CFC 06 00000000:00000000 03:00000000 00000000     0        0 0 3 x
   2: 0100007F:AE1C 0100007F:1CFC 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 x
   3: 0100007F:1CFC 0100007F:AE1C 01 00000000:00000000 00:00000000 00000000     0        0 3 1 x
`;

describe('the local caller', () => {
  it('is the owner of the other end', () => {
    expect(ownerOf(TABLE, { remotePort: 44_572, localPort: 7_420 })).toBe(1_000);
  });

  it('is nobody known when the connection is not in the table', () => {
    expect(ownerOf(TABLE, { remotePort: 44_573, localPort: 7_420 })).toBeNull();
    expect(ownerOf('', { remotePort: 1, localPort: 2 })).toBeNull();
  });

  it('has a name when the system knows one', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n';
    expect(nameOf(1_000, passwd)).toBe('ann');
    expect(nameOf(1_001, passwd)).toBe('uid 1001');
  });
});
