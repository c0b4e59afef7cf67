/**
 * Sees when a replacement serves: asks for the app's birth each 20 ms, on a new connection each time, so that it is not
 * tied to a replica. An answer of a process born after the fault is the replacement's.
 */
import { request } from 'node:http';

const EVERY_MS = 20;
const TIMEOUT_MS = 1_000;

export class Prober {
  readonly #addresses: readonly string[];
  readonly #timer: NodeJS.Timeout;
  /** Birth → when its process first answered, both wall-clock ms. */
  readonly #firstAnswer = new Map<number, number>();
  #count = 0;

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
    this.#timer = setInterval(() => this.#probe(), EVERY_MS);
  }

  /** When a process that was born after this moment first answered; null: none did so far. */
  servedBornAfter(at: number): number | null {
    const answers = [...this.#firstAnswer].filter(([born]) => born > at).map(([, answeredAt]) => answeredAt);
    return answers.length > 0 ? Math.min(...answers) : null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #probe(): void {
    const address = this.#addresses[this.#count++ % this.#addresses.length] as string;
    // Whether requests fail is the load client's to count.
    const sent = request(address, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.on('error', () => {});
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => {
        const born = Number(body);
        if (response.statusCode === 200 && !this.#firstAnswer.has(born)) this.#firstAnswer.set(born, Date.now());
      });
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => {});
    sent.end();
  }
}
