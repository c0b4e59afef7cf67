/**
 * A small HTTP server that the integration tests run as a process of its own, to kill and stop it for real.
 * `GET /?delay=MS` answers after that time with its name; other methods answer with what they were sent. Once it listens,
 * it says on which port.
 */
import { createServer } from 'node:http';

const [port, name = 'instance'] = process.argv.slice(2);
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://instance');
  const delay = Number(url.searchParams.get('delay') ?? 0);
  response.statusCode = Number(url.searchParams.get('status') ?? 200);
  response.setHeader('x-instance', name);
  const answer = (): void => {
    if (request.method === 'GET') response.end(name);
    else request.pipe(response);
  };
  if (delay > 0) setTimeout(answer, delay);
  else answer();
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : port}\n`);
});
