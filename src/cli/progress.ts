/**
 * Progress for whatever takes more than a second: on a terminal one line that is redrawn with a spinner, elsewhere a
 * plain line whenever the text changes, so that a log stays readable.
 */
import { formatDuration } from '../model/time.ts';
import { animates, clip, err } from './terminal.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Before that nothing is shown: what is quick needs no announcement. */
const QUIET_MS = 400;

export class Progress {
  readonly #startedMs = performance.now();
  readonly #animated = animates();
  readonly #timer: NodeJS.Timeout | undefined;
  #text: string;
  #said = '';
  #frame = 0;
  #drawn = 0;

  constructor(text: string) {
    this.#text = text;
    if (this.#animated) this.#timer = setInterval(() => this.#draw([this.#text]), FRAME_MS);
    else this.#timer = setTimeout(() => this.#line(), QUIET_MS);
  }

  /** The first line follows the spinner; further ones (a line per service) stand below it. */
  update(text: string): void {
    this.#text = text;
    if (!this.#animated && performance.now() - this.#startedMs >= QUIET_MS) this.#line();
  }

  /** Ends with a line that stays, unless it is empty. */
  end(text = ''): void {
    clearInterval(this.#timer);
    this.#erase();
    if (text !== '') process.stderr.write(`${text} ${err.dim(`(${this.elapsed()})`)}\n`);
  }

  elapsed(): string {
    return formatDuration(performance.now() - this.#startedMs);
  }

  #line(): void {
    if (this.#text === this.#said) return;
    this.#said = this.#text;
    process.stderr.write(`${this.#text}\n`);
  }

  #draw(texts: readonly string[]): void {
    if (performance.now() - this.#startedMs < QUIET_MS) return;
    const lines = texts.join('\n').split('\n');
    const width = process.stderr.columns ?? 80;
    this.#erase();
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const [first, ...rest] = lines;
    const head = `${err.cyan(FRAMES[this.#frame] as string)} ${first} ${err.dim(this.elapsed())}`;
    process.stderr.write(`${[head, ...rest].map((line) => clip(line, width)).join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) process.stderr.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }
}
