/**
 * An incremental parser of server-sent events (WHATWG HTML §9.2), fed with chunks that may end anywhere. Written
 * here because EventSource cannot send a token and does not exist in Node 20.
 */
export interface SseMessage {
  readonly event: string;
  readonly data: string;
  /** The last id seen so far on this stream, as the standard wants it; null while there was none. */
  readonly id: string | null;
}

export class SseParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  /** Messages completed by this chunk. */
  push(chunk: string): SseMessage[] {
    const text = this.#rest + chunk;
    const out: SseMessage[] = [];
    let from = 0;
    for (;;) {
      const end = endOfLine(text, from);
      if (end === null) break;
      this.#line(text.slice(from, end.at), out);
      from = end.next;
    }
    this.#rest = text.slice(from);
    return out;
  }

  #line(line: string, out: SseMessage[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        out.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
      }
      this.#event = '';
      this.#data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}

/** A line ends with \n, \r\n or \r; a \r at the very end may still become \r\n, so it waits for more. */
function endOfLine(text: string, from: number): { readonly at: number; readonly next: number } | null {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) return { at: i, next: i + 1 };
    if (c !== 13) continue;
    if (i + 1 === text.length) return null;
    return { at: i, next: text.charCodeAt(i + 1) === 10 ? i + 2 : i + 1 };
  }
  return null;
}
