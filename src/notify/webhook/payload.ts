/**
 * What a webhook is sent: JSON, described field by field in docs/notify.md. Fields may be added; none changes its
 * meaning while `version` is 1.
 */
import { createHmac } from 'node:crypto';
import type { Notice } from '../contract.ts';
import { textOf } from '../text.ts';

export const PAYLOAD_VERSION = 1;
export const SIGNATURE_HEADER = 'x-holdfast-signature';

export function payloadOf(notice: Notice): Record<string, unknown> {
  const { id, key, kind, system, incident, title, summary, cause, service, services, link, since, at } = notice;
  const told = { id, key, kind, system, incident, title, summary, cause, service, services, link, since, at };
  return { version: PAYLOAD_VERSION, ...told, text: textOf(notice) };
}

/** Of the body's bytes, with the secret both sides know. */
export function signatureOf(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
