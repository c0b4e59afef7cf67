/** The two displays of `holdfast dev`. */
import { fold } from '../fold.ts';
import { clip, styleFor, wantsColor } from '../terminal.ts';
import { after, plural } from '../text.ts';
import type { Display } from './run.ts';
import { firstLine, screen, type View, verdictText } from './screen.ts';

const ALTERNATE_ON = '\u001b[?1049h\u001b[?25l';
const ALTERNATE_OFF = '\u001b[?25h\u001b[?1049l';

/** Redraws the whole screen, on the terminal's second page: quitting brings back what was there. */
export class ScreenDisplay implements Display {
  readonly #style = styleFor(wantsColor(process.stdout, process.env));
  #open = false;
  #last = '';

  show(view: View): void {
    if (!this.#open) process.stdout.write(ALTERNATE_ON);
    this.#open = true;
    // A terminal that does not know its size says 0.
    const width = process.stdout.columns || 100;
    const height = process.stdout.rows || 40;
    const lines = fold(screen(view, this.#style), width).split('\n');
    const text = lines
      .slice(0, height - 1)
      .map((line) => `${clip(line, width)}\u001b[K`)
      .join('\r\n');
    if (text === this.#last) return;
    this.#last = text;
    process.stdout.write(`\u001b[H${text}\u001b[0J`);
  }

  close(): void {
    if (this.#open) process.stdout.write(ALTERNATE_OFF);
    this.#open = false;
  }
}

/** A line for each thing that changed, for logs and pipes. */
export class LineDisplay implements Display {
  readonly #style = styleFor(false);
  readonly #write: (line: string) => void;
  readonly #said = new Set<string>();
  #sentence = '';
  #message = '';

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  show(view: View): void {
    const sentence = firstLine(view, this.#style);
    if (sentence !== this.#sentence) this.#write(sentence);
    this.#sentence = sentence;
    if (view.message !== this.#message && view.message !== '') this.#write(view.message);
    this.#message = view.message;
    for (const [index, trial] of view.trials.entries()) {
      const once = (key: string, line: string | null): void => {
        if (line === null || this.#said.has(`${index}${key}`)) return;
        this.#said.add(`${index}${key}`);
        this.#write(line);
      };
      const { injection, incident, verdict } = trial;
      once('injected', `injected  ${injection.fault.text(injection.instance)}`);
      once('detected', trial.detectedMs === null ? null : `detected  after ${after(trial.detectedMs)}`);
      const summary = incident?.summary ?? incident?.title;
      once('explained', trial.explainedMs === null ? null : `explained after ${after(trial.explainedMs)}: ${summary}`);
      once('repaired', trial.repairedMs === null ? null : `repaired  after ${after(trial.repairedMs)}`);
      once('verdict', verdict ? `verdict   ${verdictText(verdict, this.#style)}` : null);
    }
  }
}

export function farewell(trials: number, matched: number, leftBehind: number): string {
  const judged = trials === 0 ? '' : `${matched} of ${plural(trials, 'fault')} found and repaired. `;
  return `${judged}${leftBehind === 0 ? 'Everything is stopped; nothing is left behind.' : `${plural(leftBehind, 'process', 'processes')} could not be ended.`}`;
}
