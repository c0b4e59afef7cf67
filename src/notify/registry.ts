/** Every kind of receiver, by what its addresses begin with. Adding one is a folder and a line here. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { alertmanager } from './alertmanager/index.ts';
import type { Notifier } from './contract.ts';
import type { NotifierKind } from './kind.ts';
import { parseTarget, usage } from './target.ts';
import { webhook } from './webhook/index.ts';

export const KINDS: readonly NotifierKind[] = [webhook, alertmanager];

/** `webhook+https://HOST/PATH, alertmanager+http://HOST:9093` */
export const FORMS = KINDS.map(({ examples }) => examples[0]).join(', ');

const OPTIONS = new Map(KINDS.map(({ name, options }) => [name, Object.keys(options)]));

/** More receivers than this is a mistake: a file of something else, say. */
const MAX_NOTIFIERS = 32;

/**
 * The notifiers of `--notify`: addresses, or `@FILE` with one on each line, which keeps secrets off command lines.
 * HF7002 for what cannot be understood, without the address itself.
 */
export function notifiersOf(given: readonly string[]): readonly Notifier[] {
  const addresses = given.flatMap((text) => (text.startsWith('@') ? linesOf(text.slice(1)) : [text]));
  if (addresses.length > MAX_NOTIFIERS) {
    throw usage(`--notify is given ${addresses.length} addresses`, `Give ${MAX_NOTIFIERS} at most.`);
  }
  const made: Notifier[] = [];
  for (const notifier of addresses.map(notifierOf)) {
    if (made.some(({ identity }) => identity === notifier.identity)) {
      throw usage(`--notify ${notifier.name} is given twice`, 'Give each address once.');
    }
    // Two of one host are told apart by number, because what else tells them apart may be secret.
    const alike = made.filter(({ name }) => name === notifier.name || name.startsWith(`${notifier.name} (`)).length;
    made.push(alike === 0 ? notifier : { ...notifier, name: `${notifier.name} (${alike + 1})` });
  }
  return made;
}

function notifierOf(text: string): Notifier {
  const target = parseTarget(text, OPTIONS, `${FORMS}, or @FILE with one on each line`);
  const kind = KINDS.find(({ name }) => name === target.kind) as NotifierKind;
  const { dashboard, timeoutMs } = target.options;
  const identity = createHash('sha256').update(`${target.kind} ${target.url.href}`).digest('hex').slice(0, 16);
  return { name: target.name, identity, dashboard, timeoutMs, ...kind.create(target) };
}

/** Empty lines and those that begin with `#` mean nothing. */
function linesOf(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw usage(`--notify @${file} cannot be read: ${code}`, 'Name a file with one address on each line.');
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
