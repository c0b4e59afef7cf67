/** Tells an HTTP endpoint, with a POST for each page and each resolution. */
import { Poster, SecretFile } from '../http.ts';
import type { NotifierKind } from '../kind.ts';
import { payloadOf, SIGNATURE_HEADER, signatureOf } from './payload.ts';

export const webhook: NotifierKind = {
  name: 'webhook',
  title: 'a POST of JSON to an HTTP endpoint',
  examples: ['webhook+https://HOST/PATH', 'webhook+http://HOST/PATH'],
  options: { 'secret-file': 'a file with the key of the HMAC-SHA256 in `x-holdfast-signature`' },
  create(target) {
    const poster = new Poster(target);
    const secretFile = SecretFile.of(target, 'secret-file');
    return {
      repeatMs: null,
      async deliver(notice, signal) {
        const body = JSON.stringify(payloadOf(notice));
        const secret = await secretFile?.read();
        if (secret === undefined) return poster.post({ body, signal });
        const headers = { [SIGNATURE_HEADER]: signatureOf(body, secret) };
        return poster.post({ body, headers, secrets: [secret], signal });
      },
    };
  },
};
