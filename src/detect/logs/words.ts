/**
 * What makes a word of a log line a value rather than a part of the message. Everything here is about the word's own
 * shape: numbers with their units, addresses, host names, identifiers, hex. Nothing knows a product, a file or a
 * message. A word that is only sometimes a value (a user's name, a state) is not decided here but by the miner, from
 * what the stream itself shows.
 */

/** Classes of characters. A word is a run of letters, digits and joiners. */
export const OTHER = 0;
export const LETTER = 1;
export const DIGIT = 2;
/** Inside words: `a.b`, `a_b`, `a-b`, `user@host`, `Class$Inner`, `50%`, `x+`. */
export const JOINER = 3;
export const BLANK = 4;

const CLASSES = ((): Uint8Array => {
  const classes = new Uint8Array(128).fill(OTHER);
  for (let code = 0; code <= 32; code++) classes[code] = BLANK;
  for (let code = 48; code <= 57; code++) classes[code] = DIGIT;
  for (let code = 65; code <= 90; code++) {
    classes[code] = LETTER;
    classes[code + 32] = LETTER;
  }
  for (const joiner of '._-@$%+~') classes[joiner.charCodeAt(0)] = JOINER;
  return classes;
})();

/** Letters of other alphabets are letters: every code above ASCII counts as one. */
export function classOf(code: number): number {
  return code < 128 ? (CLASSES[code] as number) : LETTER;
}

/**
 * Units of time and size. A unit belongs to its number: `900 ms` and `1.2 s` are two values, not two messages.
 * Only ever looked at after a number.
 */
const UNITS = new Set(
  (
    'ns us µs ms msec msecs s sec secs second seconds min mins minute minutes h hr hrs hour hours day days ' +
    'millisecond milliseconds microsecond microseconds nanosecond nanoseconds ' +
    'B KB MB GB TB kB KiB MiB GiB TiB byte bytes'
  ).split(' '),
);
const LONGEST_UNIT = 12;

export function isUnit(line: string, start: number, end: number): boolean {
  return end - start <= LONGEST_UNIT && UNITS.has(line.slice(start, end));
}

const MONTHS = new Set('Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' '));
const WEEKDAYS = new Set('Mon Tue Wed Thu Fri Sat Sun'.split(' '));

/** Names inside a date as ctime(3) and RFC 2822 write it: `Fri Jun 17`, `Fri, 17 Jun`, `Jun 17`, `17 Jun`. */
export function isDateWord(line: string, start: number, end: number, afterValue: boolean): boolean {
  if (end - start !== 3) return false;
  const word = line.slice(start, end);
  const next = nextWord(line, end);
  if (WEEKDAYS.has(word)) return MONTHS.has(line.slice(next, next + 3)) || isDigit(line.charCodeAt(next));
  return MONTHS.has(word) && (afterValue || isDigit(line.charCodeAt(next)));
}

function nextWord(line: string, from: number): number {
  let at = from;
  if (line.charCodeAt(at) === 44) at++;
  while (line.charCodeAt(at) === 32) at++;
  return at > from ? at : line.length;
}

const ZONES = new Set('UTC GMT EST EDT CST CDT MST MDT PST PDT CET CEST BST IST JST HKT'.split(' '));

/** Only looked at right after a time of day. */
export function isZone(line: string, start: number, end: number): boolean {
  return end - start <= 4 && ZONES.has(line.slice(start, end));
}

const LITERALS = new Set('true false True False TRUE FALSE null NULL nil None none undefined NaN'.split(' '));

/** Only looked at where a value is due: after `=`, `:`, `(`, `[` or `{`. */
export function isLiteral(line: string, start: number, end: number): boolean {
  return end - start <= 9 && end - start >= 3 && LITERALS.has(line.slice(start, end));
}

/** `deadbeef`: eight or more letters a–f of one case; no word of a language is that. */
export function isHexLetters(line: string, start: number, end: number): boolean {
  if (end - start < 8) return false;
  const first = line.charCodeAt(start);
  const base = first >= 97 ? 97 : 65;
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at) - base;
    if (code < 0 || code > 5) return false;
  }
  return true;
}

/**
 * Where a hardware address or an IPv6 address that begins at `start` ends; 0: it is neither. Groups of up to four hex
 * digits between at least two colons, with at least one digit in it.
 */
export function hexColonsEnd(line: string, start: number, limit: number): number {
  let colons = 0;
  let digits = 0;
  let group = 0;
  let at = start;
  for (; at < limit; at++) {
    const code = line.charCodeAt(at);
    if (code === 58) {
      colons++;
      group = 0;
    } else if (isDigit(code) || isHexLetter(code)) {
      if (isDigit(code)) digits++;
      if (++group > 4) return 0;
    } else break;
  }
  const ends = at >= limit || (classOf(line.charCodeAt(at)) !== LETTER && line.charCodeAt(at - 1) !== 58);
  return ends && colons > 1 && digits > 0 ? at : 0;
}

/** Last labels that make a dotted name a host's name wherever it stands. */
const GENERIC_DOMAINS = new Set(
  'com net org edu gov mil int info biz arpa local internal lan home localdomain localhost'.split(' '),
);
/** First labels of reversed names (`com.example.Main`): packages, not hosts. */
const PACKAGE_ROOTS = new Set('com net org edu gov io java javax sun android'.split(' '));

/**
 * A dotted name is a host's name when its last label is a generic domain, or a country's (two letters) after two more
 * labels, or after one when a port follows. Reversed names (packages, classes) are not.
 */
export function isHost(line: string, start: number, end: number, portFollows: boolean): boolean {
  const labels = line.slice(start, end).split('.');
  if (labels.length < 2 || labels.some((label) => label.length === 0 || !/^[\w-]+$/.test(label))) return false;
  const last = (labels[labels.length - 1] as string).toLowerCase();
  if (GENERIC_DOMAINS.has(last)) return true;
  if (PACKAGE_ROOTS.has(labels[0] as string)) return false;
  if (!/^[a-z]+$/.test(last)) return false;
  return portFollows || (labels.length >= 3 && last.length === 2);
}

/**
 * What is left of a word that holds a digit. -1: nothing, it is a value; otherwise how many characters it keeps.
 * `node-17` keeps `node-`, `attempt_1445_m_0` keeps `attempt_`, `eth0` keeps `eth`: the name is the message, the
 * number the value. Nothing is kept of numbers (`126MB`, `-3.5`, `1st`), hex (`c00045a4`, UUIDs) and of words that
 * mix letters and digits to and fro (`x7Kp2q`): those are identifiers.
 */
export function keptOf(line: string, start: number, end: number): number {
  if (end - start >= UUID_LENGTH && isUuid(line, end - UUID_LENGTH)) return end - start - UUID_LENGTH || -1;
  let separator = -1;
  let hex = true;
  let at = start;
  for (; at < end; at++) {
    const code = line.charCodeAt(at);
    const kind = classOf(code);
    if (kind === DIGIT) break;
    if (kind === JOINER) {
      separator = at;
      if (code !== 45) hex = false;
    } else if (!isHexLetter(code)) hex = false;
  }
  if (at === start || (separator === at - 1 && at - 1 === start)) return -1;
  const least = separator < 0 ? HEX : HEX_WITH_DASHES;
  if (hex && end - start >= least && isHexWord(line, at, end)) return -1;
  if (separator >= 0) return separator + 1 - start;
  return turns(line, start, end) > 1 ? -1 : at - start;
}

const UUID_LENGTH = 36;

/** `req-edbfbefa-…`: its first group may hold no digit. */
function isUuid(line: string, start: number): boolean {
  for (let at = 0; at < UUID_LENGTH; at++) {
    const code = line.charCodeAt(start + at);
    const dash = at === 8 || at === 13 || at === 18 || at === 23;
    if (dash ? code !== 45 : !isDigit(code) && !isHexLetter(code)) return false;
  }
  return true;
}

/** Shorter is too often a name: `b12`, `db-17`. */
const HEX = 4;
const HEX_WITH_DASHES = 16;

/** How often letters and digits take turns within the first label. */
function turns(line: string, start: number, end: number): number {
  let count = 0;
  let before = classOf(line.charCodeAt(start));
  for (let at = start + 1; at < end; at++) {
    const kind = classOf(line.charCodeAt(at));
    if (kind === JOINER) break;
    if (kind !== before) count++;
    before = kind;
  }
  return count;
}

function isHexWord(line: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at);
    if (!isDigit(code) && !isHexLetter(code) && code !== 45) return false;
  }
  return true;
}

function isHexLetter(code: number): boolean {
  return (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
