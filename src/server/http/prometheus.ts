/** Where Prometheus' API hangs in our server: below /prometheus, for every reader, by GET and by POST with a form. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SeriesStore } from '../../query/series-store.ts';
import { answer, type PrometheusFacts } from '../prometheus-api.ts';

/** A query in a form; longer than any that a person writes. */
const FORM_LIMIT = 256 * 1024;

export function servePrometheus(app: FastifyInstance, store: SeriesStore, facts: PrometheusFacts): void {
  app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_LIMIT },
      (_request, body, done) => done(null, body),
    );
    const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const path = (request.params as { '*': string })['*'];
      const parameters = new URLSearchParams(request.url.split('?')[1] ?? '');
      if (typeof request.body === 'string') {
        for (const [name, value] of new URLSearchParams(request.body)) parameters.append(name, value);
      }
      const found = answer(path, parameters, store, facts) ?? {
        status: 404,
        body: { status: 'error', errorType: 'not_found', error: `${path} is not served here` },
      };
      return reply.code(found.status).type('application/json; charset=utf-8').send(JSON.stringify(found.body));
    };
    for (const method of ['GET', 'POST'] as const) {
      scope.route({
        method,
        url: '/prometheus/api/v1/*',
        config: { role: 'viewer', tokenFreeLocally: false },
        handler,
      });
    }
  });
}
