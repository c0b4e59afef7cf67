/**
 * The service that every supervisor of this benchmark keeps running: it answers its own age. One answer takes 10 ms, as
 * a small query would, so that some requests are always in flight and a crash has something to lose.
 */
import { createServer } from 'node:http';

const SERVICE_TIME_MS = 10;
// Wall-clock start of this process: a pid says little across containers, each of which counts from 1.
const born = String(Math.round(performance.timeOrigin));

const server = createServer((request, response) => {
  const answer = () => response.end(born);
  if (request.url === '/healthz') answer();
  else setTimeout(answer, SERVICE_TIME_MS);
});
// Node's 5 s would close idle connections just when a client takes one up again: a failure that is no supervisor's.
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
// The first process of a container gets no default for it.
process.on('SIGTERM', () => process.exit(0));
