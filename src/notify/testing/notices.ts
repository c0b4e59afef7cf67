/** Notices for tests. */
import type { Notice, NoticeKind } from '../contract.ts';

export function notice(incident: string, kind: NoticeKind, over: Partial<Notice> = {}): Notice {
  const key = `0a1b2c3d4e5f/${incident}`;
  return {
    id: `${key}/${kind}`,
    key,
    kind,
    holdfast: '0a1b2c3d4e5f',
    system: 'shop',
    incident,
    title: 'payments-2 crashed: killed by SIGKILL',
    summary:
      kind === 'page' ? 'payments-2 exited with code 1, again and again' : 'repaired and verified, 41s after onset',
    cause: {
      entity: 'payments-2',
      entityKind: 'instance',
      faultClass: 'software',
      mechanism: 'exits by itself',
      confidence: 0.94,
    },
    service: 'payments',
    services: ['checkout', 'payments'],
    link: `http://127.0.0.1:7420/#/incident/${incident}`,
    since: '2026-03-01T12:00:00.000Z',
    at: kind === 'page' ? '2026-03-01T12:00:10.000Z' : '2026-03-01T12:00:41.000Z',
    ...over,
  };
}
