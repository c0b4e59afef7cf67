/** Waits until a supervisor is up by its own account and by that of its clients. */
import { get } from 'node:http';
import { pause } from '../../test/support/system.ts';

const READY_WITHIN_MS = 60_000;

export async function untilAllAnswer(up: () => Promise<boolean>, addresses: readonly string[]): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (!(await up()) || !(await Promise.all(addresses.map(answers))).every(Boolean)) {
    if (performance.now() > until) throw new Error(`not up after ${READY_WITHIN_MS} ms: ${addresses.join(', ')}`);
    await pause(200);
  }
}

export function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = get(address, { agent: false, timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
  });
}
