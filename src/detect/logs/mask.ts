/**
 * Masks a log line: what is a value by its shape becomes one wildcard, the rest stays. Written as one pass over the
 * characters into a buffer that is used again for the next line, because this is where the time goes: a line whose
 * masked form is known costs this pass and one look-up, and allocates nothing.
 *
 * Renderings of one value are one value: `18846 bytes (18.4 KB)`, `10.0.0.1:80`, `10.0.0.1 (host.example)`, `<1 sec`
 * and `00:01` each become one wildcard. Otherwise the number of words would depend on the values.
 */
import {
  BLANK,
  classOf,
  DIGIT,
  hexColonsEnd,
  isDateWord,
  isDigit,
  isHexLetters,
  isHost,
  isLiteral,
  isUnit,
  isZone,
  JOINER,
  keptOf,
  LETTER,
} from './words.ts';

/** Stands for a value in a masked line. Control characters of the line itself never get through. */
export const WILD = '\u0001';
const WILD_CODE = 1;
const SPACE = 32;
const COMMA = 44;
const BACKSLASH = 92;
/**
 * Characters of a line that are looked at. Longer lines (dumps, stack traces in one line) are told apart by their
 * beginning; raising it costs time and 2 bytes each.
 */
export const LOOKED_AT = 2_048;

export class Masker {
  readonly #out = new Uint16Array(LOOKED_AT + 8);
  #line = '';
  #length = 0;
  /** Where ` (` began that may repeat the value before it; -1: none open. */
  #aside = -1;
  /** Two independent hashes of the masked line. 2⁵³ values: among 10,000 templates a collision has odds of 10⁻⁸. */
  key = 0;

  /** Masks the line; `key` identifies the result, `text()` spells it out. */
  take(line: string): void {
    this.#line = line;
    this.#length = 0;
    this.#aside = -1;
    const end = Math.min(line.length, LOOKED_AT);
    let at = 0;
    while (at < end) {
      const code = line.charCodeAt(at);
      const kind = classOf(code);
      if (kind === LETTER || kind === DIGIT || kind === JOINER) at = this.#word(at, end, kind);
      else if (kind === BLANK) at = this.#blank(at, code);
      else at = this.#mark(at, end, code);
    }
    if (this.#length > 0 && this.#out[this.#length - 1] === SPACE) this.#length--;
    this.#hash();
  }

  text(): string {
    let text = '';
    for (let at = 0; at < this.#length; at++) text += String.fromCharCode(this.#out[at] as number);
    return text;
  }

  #hash(): void {
    const out = this.#out;
    const length = this.#length;
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (let at = 0; at < length; at++) {
      const code = out[at] as number;
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b) + (a >>> 15);
    }
    a ^= a >>> 16;
    this.key = (a >>> 0) * 0x20_0000 + ((Math.imul(b ^ (b >>> 13), 0xc2b2ae35) >>> 0) & 0x1f_ffff);
  }

  /** Runs of blanks are one space; colour codes are nothing. */
  #blank(at: number, code: number): number {
    const line = this.#line;
    if (code === 27 && line.charCodeAt(at + 1) === 91) {
      let end = at + 2;
      while (end < line.length && classOf(line.charCodeAt(end)) !== LETTER) end++;
      return end + 1;
    }
    if (this.#length > 0 && this.#out[this.#length - 1] !== SPACE) this.#out[this.#length++] = SPACE;
    return at + 1;
  }

  #mark(at: number, end: number, code: number): number {
    if (code === 47 && !this.#insideWord(at) && this.#startsPath(at + 1)) {
      this.#value(at);
      return this.#pathEnd(at, end);
    }
    // \\server\share
    if (code === BACKSLASH && this.#line.charCodeAt(at + 1) === BACKSLASH) {
      this.#value(at);
      return this.#pathEnd(at, end);
    }
    if (code === 40) this.#aside = this.#afterValue() ? this.#length - 1 : -1;
    if (code === 41 && this.#aside >= 0) {
      const inside = this.#length - this.#aside - 2;
      const repeats = inside === 0 || (inside === 1 && this.#out[this.#length - 1] === WILD_CODE);
      const aside = this.#aside;
      this.#aside = -1;
      if (repeats) {
        this.#length = aside;
        return at + 1;
      }
    }
    this.#out[this.#length++] = code;
    return at + 1;
  }

  /** A word from `start`; returns where it ends. */
  #word(start: number, end: number, first: number): number {
    const line = this.#line;
    let at = start;
    let kind = first;
    let digits = false;
    let joiners = 0;
    let dots = 0;
    while (kind === LETTER || kind === DIGIT || kind === JOINER) {
      if (kind === DIGIT) digits = true;
      else if (kind === JOINER) {
        joiners++;
        if (line.charCodeAt(at) === 46) dots++;
      }
      if (++at >= end) break;
      kind = classOf(line.charCodeAt(at));
    }
    const next = at < end ? line.charCodeAt(at) : SPACE;
    if (next === 58 || next === 47 || next === BACKSLASH) {
      const long = this.#longValueEnd(start, at, end, next, digits);
      if (long > 0) {
        this.#value(start);
        return long;
      }
    }
    // A full stop ends a sentence, not a word.
    let stop = at;
    while (dots > 0 && stop > start && line.charCodeAt(stop - 1) === 46) {
      stop--;
      dots--;
      joiners--;
    }
    if (stop > start) {
      if (joiners === 0 && !digits) this.#plain(start, stop);
      else this.#mixed(start, stop, next === 58 && this.#isPort(at + 1), digits, dots > 0);
    }
    this.#copy(stop, at);
    return at;
  }

  /** Where a URL, a Windows path or a relative path that begins with the word start…at ends; 0: none of these. */
  #longValueEnd(start: number, at: number, end: number, next: number, digits: boolean): number {
    const line = this.#line;
    const after = line.charCodeAt(at + 1);
    if (next === 58) {
      const colons = at - start <= 4 ? hexColonsEnd(line, start, end) : 0;
      if (colons > 0) return colons;
      if (after === 47 && line.charCodeAt(at + 2) === 47) return this.#pathEnd(at, end);
      return at - start === 1 && after === BACKSLASH ? this.#pathEnd(at, end) : 0;
    }
    if (isDigit(line.charCodeAt(start))) return 0;
    const stop = this.#pathEnd(at, end);
    let slashes = 0;
    let dots = line.charCodeAt(start) === 46 ? 1 : 0;
    for (let index = at; index < stop; index++) {
      const code = line.charCodeAt(index);
      if (code === next) slashes++;
      else if (code === 46) dots++;
    }
    if (slashes > 1) return stop;
    return next === 47 && dots > 0 && !digits && !isDigit(after) ? stop : 0;
  }

  #plain(start: number, end: number): void {
    const length = end - start;
    const first = this.#length === 0;
    const before = first ? SPACE : (this.#out[this.#length - 1] as number);
    if (length <= 12 && before === SPACE && this.#afterValue() && isUnit(this.#line, start, end)) this.#length--;
    else if (this.#isPlainValue(start, end, before)) this.#value(start);
    else this.#copy(start, end);
  }

  /** A word of letters alone that is a value all the same. */
  #isPlainValue(start: number, end: number, before: number): boolean {
    const line = this.#line;
    const length = end - start;
    if (length > 9) return isHexLetters(line, start, end);
    if (before === SPACE && length <= 4) {
      const afterValue = this.#afterValue();
      if (length === 3 && isDateWord(line, start, end, afterValue)) return true;
      if (afterValue && isZone(line, start, end)) return true;
    }
    if (this.#valueIsDue(before) && isLiteral(line, start, end)) return true;
    return length >= 8 && isHexLetters(line, start, end);
  }

  #mixed(start: number, end: number, portFollows: boolean, digits: boolean, dots: boolean): void {
    const line = this.#line;
    if (dots && (isHost(line, start, end, portFollows) || this.#isMail(start, end))) this.#value(start);
    else if (digits) this.#identifier(start, end, portFollows);
    else this.#copy(start, end);
  }

  #identifier(start: number, end: number, portFollows: boolean): void {
    const kept = keptOf(this.#line, start, end);
    // `db-3:5432` is an address: the name before a port is no part of the message when it holds a number.
    if (kept < 0 || (portFollows && this.#startsColumn())) {
      this.#value(start);
    } else {
      this.#copy(start, start + kept);
      this.#out[this.#length++] = WILD_CODE;
    }
  }

  #isMail(start: number, end: number): boolean {
    const name = this.#line.indexOf('@', start);
    return name > start && name < end - 1 && this.#line.indexOf('.', name) < end;
  }

  /** Emits a wildcard for a value that is a whole word, taking in what only belongs to its rendering. */
  #value(start: number): void {
    const out = this.#out;
    let length = this.#length;
    if (length > 0) {
      const before = out[length - 1] as number;
      if (before === WILD_CODE) return;
      // `10:22:07`, `1,2,3`, `host:80`, `a/1`: one value, however many parts.
      if (length > 1 && out[length - 2] === WILD_CODE && isBetweenParts(before)) {
        this.#length = length - 1;
        return;
      }
      // `[3, 17, 20]`: a list is one value, whatever its length.
      if (before === SPACE && length > 2 && out[length - 2] === COMMA && out[length - 3] === WILD_CODE) {
        this.#length = length - 2;
        return;
      }
      // `<1 sec`, `>300`, `~5`; but `<5>` is a value in brackets.
      if ((before === 60 || before === 62) && (length === 1 || out[length - 2] === SPACE)) {
        if (isDigit(this.#line.charCodeAt(start)) && !this.#closes(start)) length--;
      }
    }
    out[length] = WILD_CODE;
    this.#length = length + 1;
  }

  #closes(start: number): boolean {
    let at = start;
    while (isDigit(this.#line.charCodeAt(at))) at++;
    return this.#line.charCodeAt(at) === 62;
  }

  /** The last thing emitted is a whole value and a space. */
  #afterValue(): boolean {
    const out = this.#out;
    const length = this.#length;
    if (length < 2 || out[length - 1] !== SPACE || out[length - 2] !== WILD_CODE) return false;
    if (length === 2) return true;
    const kind = classOf(out[length - 3] as number);
    return kind !== LETTER && kind !== JOINER;
  }

  /** After `=`, `:`, `(`, `[`, `{`, possibly with a space between. */
  #valueIsDue(before: number): boolean {
    const mark = before === SPACE && this.#length > 1 ? (this.#out[this.#length - 2] as number) : before;
    return mark === 61 || mark === 58 || mark === 40 || mark === 91 || mark === 123;
  }

  /** Up to five digits and nothing that goes on: `SHA256:9fQ…` has no port. */
  #isPort(start: number): boolean {
    let at = start;
    while (isDigit(this.#line.charCodeAt(at)) && at - start < 6) at++;
    const digits = at - start;
    if (digits === 0 || digits > 5) return false;
    return at >= this.#line.length || classOf(this.#line.charCodeAt(at)) !== LETTER;
  }

  #startsColumn(): boolean {
    if (this.#length === 0) return true;
    const before = this.#out[this.#length - 1] as number;
    return before === SPACE || before === 47 || before === 91 || before === 40;
  }

  #insideWord(at: number): boolean {
    if (at === 0) return false;
    const kind = classOf(this.#line.charCodeAt(at - 1));
    return kind === LETTER || kind === DIGIT || kind === JOINER;
  }

  #startsPath(at: number): boolean {
    const kind = at < this.#line.length ? classOf(this.#line.charCodeAt(at)) : BLANK;
    return kind === LETTER || kind === DIGIT || kind === JOINER;
  }

  /** Paths and URLs end at blanks, quotes, brackets, commas; punctuation at their very end is the sentence's. */
  #pathEnd(start: number, end: number): number {
    const line = this.#line;
    let at = start;
    while (at < end && !endsPath(line.charCodeAt(at))) at++;
    while (at > start + 1 && endsSentence(line.charCodeAt(at - 1))) at--;
    return at;
  }

  #copy(start: number, end: number): void {
    const out = this.#out;
    const line = this.#line;
    let length = this.#length;
    for (let at = start; at < end; at++) out[length++] = line.charCodeAt(at);
    this.#length = length;
  }
}

function endsPath(code: number): boolean {
  if (code <= 32) return true;
  switch (code) {
    case 34: // "
    case 39: // '
    case 40: // (
    case 41: // )
    case 44: // ,
    case 59: // ;
    case 60: // <
    case 62: // >
    case 91: // [
    case 93: // ]
    case 123: // {
    case 124: // |
    case 125: // }
      return true;
    default:
      return false;
  }
}

function endsSentence(code: number): boolean {
  return code === 46 || code === 58 || code === 33 || code === 63;
}

/** `: , . / - _` */
function isBetweenParts(code: number): boolean {
  return code === 58 || code === 44 || code === 46 || code === 47 || code === 45 || code === 95;
}
