/**
 * --watch: the same output again whenever it changes. On a terminal the screen is redrawn, elsewhere each version is
 * printed after the one before. A server that is away for a moment is waited for.
 */
import { asHoldfastError } from '../model/errors.ts';
import { print, say } from './terminal.ts';

const INTERVAL_MS = 1_000;

export async function printOrWatch(watch: boolean, render: () => Promise<string>): Promise<void> {
  if (!watch) {
    const text = await render();
    if (text !== '') print(text);
    return;
  }
  let last: string | null = null;
  let away = false;
  for (;;) {
    try {
      const text = await render();
      if (text !== last) draw(text);
      last = text;
      away = false;
    } catch (error) {
      const known = asHoldfastError(error);
      if (known.retry === 'never' || last === null) throw known;
      if (!away) say(`${known.code} ${known.message}; waiting for it …`);
      away = true;
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

function draw(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\u001b[H\u001b[2J\u001b[3J${text}\n`);
  else print(text);
}
