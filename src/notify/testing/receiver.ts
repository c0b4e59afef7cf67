/** A receiver on a port of its own that does as it is told, and keeps what it was sent. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly json: any;
}

/** What to do with the next requests; the last one stays. A number is a status. */
export type Answer = number | 'hang' | 'cut' | ((response: ServerResponse) => void);

export class Receiver {
  readonly received: Received[] = [];
  answers: Answer[] = [200];
  readonly #server: Server;
  port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      // Alertmanager is asked for its silences before it is told of any: here it has none.
      if (request.method === 'GET') return response.end('[]');
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts).toString();
        const { method = '', url = '', headers } = request;
        this.received.push({ method, path: url, headers, body, json: JSON.parse(body) });
        const answer = this.answers.length > 1 ? (this.answers.shift() as Answer) : (this.answers[0] as Answer);
        if (typeof answer === 'function') answer(response);
        else if (answer === 'cut') response.destroy();
        else if (answer !== 'hang') response.writeHead(answer).end('thanks');
      });
    });
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `page inc-1`, in the order of arrival. */
  get kinds(): readonly string[] {
    return this.received.map(({ json }) => `${json.kind} ${json.incident}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
