/**
 * Changes to the body of an answer on its way back: replaced, cut short, damaged, or broken off. Heads are read with
 * the proxy's own parser; what it cannot read passes as it is. An answer whose length changes also closes its
 * connection, so that nothing of the old one can be taken for the next.
 */
import type { Ms } from '../../model/time.ts';
import { BODY_CHUNKED, BODY_CLOSE, BODY_LENGTH, BodyFraming } from '../http/framing.ts';
import { HeadBuffer } from '../http/head-buffer.ts';
import { HeadParser, INCOMPLETE } from '../http/parser.ts';
import { type Cutter, type Item, Stage } from './stage.ts';

const NOTHING = Buffer.alloc(0);
/** Headers that no longer fit the body. */
const STALE = /^(content-length|transfer-encoding|connection|keep-alive|content-md5|digest|etag)$/i;

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
/** The new body is complete: what is left of the old one goes nowhere. */
const SPENT = 3;

export class AnswerBody extends Stage {
  #state = IDLE;
  #isHead = false;
  #head = new HeadBuffer();
  #passed = 0;
  readonly #parser = new HeadParser('response');
  readonly #framing = new BodyFraming();

  /** The next answer is to be changed. */
  arm(isHead: boolean): void {
    if (this.#state === SPENT) return;
    this.#state = HEAD;
    this.#isHead = isHead;
    this.#head = new HeadBuffer();
    this.#parser.reset();
    this.#passed = 0;
  }

  override admit(bytes: Buffer, _now: Ms, cut: Cutter): Buffer {
    if (this.#state === IDLE) return bytes;
    if (this.#state === SPENT) return NOTHING;
    if (this.#state === BODY) return this.#body(bytes, cut);
    this.#head.append(bytes, 0, bytes.length);
    const { bytes: head, length } = this.#head;
    const end = this.#parser.parse(head, 0, length);
    if (end === INCOMPLETE) return NOTHING;
    const all = head.subarray(0, length);
    const { status } = this.#parser;
    if (end < 0 || status === 101 || status === 204 || status === 304 || this.#isHead) {
      this.#state = IDLE;
      return all;
    }
    const rest = Buffer.from(all.subarray(end));
    if (status < 200) {
      const interim = Buffer.from(all.subarray(0, end));
      this.arm(false);
      return Buffer.concat([interim, rest.length === 0 ? NOTHING : this.admit(rest, _now, cut)]);
    }
    return this.#begin(Buffer.from(all.subarray(0, end)), rest, cut);
  }

  #begin(head: Buffer, rest: Buffer, cut: Cutter): Buffer {
    const { chunked, contentLength } = this.#parser;
    this.#framing.begin(chunked ? BODY_CHUNKED : contentLength >= 0 ? BODY_LENGTH : BODY_CLOSE, contentLength);
    this.part.touch(0);
    this.part.active.affected.requests++;
    const { change, body, bytes } = this.part.active.fault.parameters as Readonly<Record<string, string | number>>;
    this.#state = BODY;
    switch (change) {
      case 'replace': {
        const payload = Buffer.from(String(body));
        this.#state = SPENT;
        return Buffer.concat([changedHead(head, payload.length, /^content-encoding$/i), payload]);
      }
      case 'truncate': {
        if (contentLength < 0) return Buffer.concat([changedHead(head, null), this.#body(rest, cut)]);
        const length = Math.min(Number(bytes), contentLength);
        if (length === 0) this.#state = SPENT;
        return Buffer.concat([changedHead(head, length), this.#body(rest, cut)]);
      }
      default:
        // The framing stays: bytes are changed in their places, or stop coming.
        return Buffer.concat([head, this.#body(rest, cut)]);
    }
  }

  #body(bytes: Buffer, cut: Cutter): Buffer {
    if (this.#state === SPENT) return NOTHING;
    const { change } = this.part.active.fault.parameters;
    if (change === 'corrupt') return this.#corrupt(bytes);
    if (change === 'break') return this.#break(bytes, cut);
    return this.#truncate(bytes);
  }

  #corrupt(bytes: Buffer): Buffer {
    const { active } = this.part;
    const share = active.number('share');
    const damaged = Buffer.from(bytes);
    this.#framing.take(bytes, 0, bytes.length, (from, to) => {
      for (let i = from; i < to; i++) {
        if (!active.random.chance(share)) continue;
        damaged[i] = (damaged[i] as number) ^ (1 + active.random.int(255));
        this.part.touch(1);
      }
    });
    if (this.#framing.done) this.#state = IDLE;
    return damaged;
  }

  #break(bytes: Buffer, cut: Cutter): Buffer {
    const left = this.part.active.number('bytes') - this.#passed;
    this.#passed += bytes.length;
    if (bytes.length < left) return bytes;
    this.#state = SPENT;
    cut({ how: 'close', inOrder: true });
    return bytes.subarray(0, Math.max(0, left));
  }

  #truncate(bytes: Buffer): Buffer {
    const chunks = this.#framing.kind !== BODY_LENGTH;
    const parts: Buffer[] = [];
    this.#framing.take(bytes, 0, bytes.length, (from, to) => {
      const left = this.part.active.number('bytes') - this.#passed;
      const part = bytes.subarray(from, Math.min(to, from + Math.max(0, left)));
      this.#passed += part.length;
      if (part.length === 0) return;
      parts.push(...(chunks ? [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')] : [part]));
    });
    if (this.#framing.done || this.#passed >= this.part.active.number('bytes')) {
      this.#state = SPENT;
      if (chunks) parts.push(Buffer.from('0\r\n\r\n'));
    }
    return Buffer.concat(parts);
  }

  override admitEnd(): boolean {
    return true;
  }
}

/** Requests that match wait before they go to the instance. */
export class RequestDelay extends Stage {
  #until: Ms = 0;

  hold(until: Ms): void {
    this.#until = until;
  }

  override schedule(item: Item, emit: (item: Item) => void): void {
    if (item.at < this.#until) this.part.touch(item.bytes.length);
    emit({ ...item, at: Math.max(item.at, this.#until) });
  }

  override emitted(item: Item, now: Ms): void {
    if (item.kind !== 'data' || this.#until === 0) return;
    this.#until = 0;
    this.part.active.measured(now - item.arrivedAt);
  }
}

/** `length` null: in chunks, because nobody knows yet. `untrue`: what else does not hold of the new body. */
function changedHead(head: Buffer, length: number | null, untrue: RegExp | null = null): Buffer {
  const [statusLine = '', ...lines] = head.toString('latin1').trimEnd().split('\r\n');
  const kept = lines.filter((line) => {
    const name = line.slice(0, line.indexOf(':'));
    return !STALE.test(name) && untrue?.test(name) !== true;
  });
  const framing = length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  const version = statusLine.replace(/^HTTP\/1\.0/, 'HTTP/1.1');
  return Buffer.from(`${[version, ...kept, framing, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1');
}
