/** What goes out, as golden text: receivers depend on every letter of it. */

import { describe, expect, it } from 'vitest';
import { cause, draft, action as makeAction, plan as makePlan, symptom } from '../../test/support/recovery.ts';
import { UNACCOUNTED } from '../../test/support/unaccounted.ts';
import type { Incident } from '../model/incident.ts';
import { alertOf } from './alertmanager/alerts.ts';
import { pageNotice, pageOf, resolvedNotice, type Surroundings } from './describe.ts';
import { retryAfterMs } from './http.ts';
import { notice } from './testing/notices.ts';
import { payloadOf, signatureOf } from './webhook/payload.ts';

const golden = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

describe('the payload of a webhook', () => {
  it('of a page', async () => {
    await expect(golden(payloadOf(notice('inc-7', 'page')))).toMatchFileSnapshot('testdata/webhook-page.golden.txt');
  });

  it('of a resolution without a cause', async () => {
    const over = { cause: null, service: null, services: [] };
    const payload = payloadOf(notice('inc-7', 'resolved', over));
    await expect(golden(payload)).toMatchFileSnapshot('testdata/webhook-resolved.golden.txt');
  });

  it('is signed as `openssl dgst -sha256 -hmac` does', () => {
    // printf '{"a":1}' | openssl dgst -sha256 -hmac key
    expect(signatureOf('{"a":1}', 'key')).toBe(
      'sha256=88a67f24bbcdaed0e6c997404bb79a743baf44c6bab2f4c27328e3009d22e342',
    );
  });
});

describe('the alert for Alertmanager', () => {
  const NOW = Date.parse('2026-03-01T12:00:11.000Z');

  it('of a page', async () => {
    const alert = alertOf(notice('inc-7', 'page'), NOW, 240_000);
    await expect(golden(alert)).toMatchFileSnapshot('testdata/alert-page.golden.txt');
  });

  it('of a resolution has the same labels, and its end', () => {
    const page = alertOf(notice('inc-7', 'page'), NOW, 240_000);
    const changed = { cause: null, title: 'something else', services: ['a', 'b'], summary: 'x' };
    const end = alertOf(notice('inc-7', 'resolved', changed), NOW + 60_000, 240_000);
    expect(end.labels).toEqual(page.labels);
    expect(end.endsAt).toBe('2026-03-01T12:00:41.000Z');
    expect(end.annotations.cause).toBe(undefined);
  });

  it('never ends before it began, whatever was done to the clock', () => {
    const end = alertOf(notice('inc-7', 'resolved', { at: '2026-03-01T11:00:00.000Z' }), NOW, 240_000);
    expect(end.endsAt).toBe('2026-03-01T12:00:00.001Z');
  });
});

describe('Retry-After', () => {
  it.each([
    [null, null],
    ['120', 120_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 30_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', null],
  ])('%s', (header, ms) => expect(retryAfterMs(header, 30_000)).toBe(ms));
});

describe('a notice', () => {
  const around: Surroundings = {
    holdfast: '0a1b2c3d4e5f',
    system: 'shop',
    dashboard: 'http://127.0.0.1:7420',
    iso: (at) => new Date(Date.parse('2026-03-01T12:00:00.000Z') + at).toISOString(),
  };
  const page = makeAction(draft('page', '', { service: 'payments', reason: 'again and again' }), 'done', {
    startedAt: 10_000,
  });
  const open: Incident = {
    id: 'inc-7',
    openedAt: 40,
    onsetAt: 0,
    closedAt: null,
    status: 'escalated',
    title: 'payments-2 is crashed',
    symptoms: [symptom('crashed', 'payments-2'), symptom('slow', 'checkout')],
    diagnosis: {
      at: 0,
      causes: [cause('payments-2', { confidence: 0.93871 })],
      damage: { extraWaitSeconds: 0, failedRequests: 0, requests: 0, unexplainedShare: 0 },
      abstained: false,
      summary: '',
      victims: [],
      ...UNACCOUNTED,
    },
    plans: [makePlan('failed', [makeAction(draft('restart', 'payments-2'), 'failed')]), makePlan('failed', [page])],
    proof: null,
    timeline: [],
  };

  it('is made of its incident', async () => {
    expect(pageOf(open)?.reason).toBe('again and again');
    await expect(golden(pageNotice(open, 'again and again', around))).toMatchFileSnapshot('testdata/notice.golden.txt');
  });

  it('of the end keeps the name of the page, and says what is known by then', () => {
    const told = pageNotice(open, 'again and again', around);
    const closed: Incident = {
      ...open,
      closedAt: 41_000,
      title: 'payments-2 was out of memory',
      diagnosis: null,
      timeline: [{ at: 41_000, stage: 'resolved', text: 'repaired and verified, 41s after onset' }],
    };
    const end = resolvedNotice(told, closed, 'now', { ...around, system: 'renamed' });
    expect(end).toMatchObject({
      id: '0a1b2c3d4e5f/inc-7/resolved',
      key: told.key,
      kind: 'resolved',
      system: 'shop',
      service: 'payments',
      title: 'payments-2 was out of memory',
      summary: 'repaired and verified, 41s after onset',
      cause: told.cause,
      since: told.since,
      at: '2026-03-01T12:00:41.000Z',
    });
    const forgotten = resolvedNotice(told, undefined, 'now', around);
    expect([forgotten.title, forgotten.at]).toEqual([told.title, 'now']);
  });

  it('was not asked for while its action waits, for a silence say', () => {
    const waiting = makeAction(draft('page', ''), 'delayed', { startedAt: null });
    expect(pageOf({ ...open, plans: [makePlan('open', [waiting])] })).toBe(undefined);
  });

  it('is not as long as what a program wrote', () => {
    const { title, summary } = pageNotice({ ...open, title: 'x'.repeat(5_000) }, 'y'.repeat(5_000), around);
    expect([title.length, summary.length]).toEqual([1_000, 1_000]);
  });
});
