/**
 * Recognises a health check that only fetches a URL with curl or wget. Such a test names the port inside the
 * container; here each instance has a port of its own, so the check is made by Holdfast itself, on the right one.
 * Anything that is not surely just a fetch stays a command.
 */
import { baseOf } from './paths.ts';
import { splitWords } from './words.ts';

export interface Fetch {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expectStatus: readonly [low: number, high: number];
}

const URL = /^(?:http:\/\/)?(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?(\/[^\s]*)?$/;

/** Flags that change nothing about whether the fetch succeeds, and those of them that take a value. */
const PLAIN: Readonly<Record<string, ReadonlySet<string>>> = {
  curl: new Set([
    '--fail',
    '--fail-with-body',
    '--silent',
    '--show-error',
    '--head',
    '--insecure',
    '--include',
    '--globoff',
    '--ipv4',
    '--no-progress-meter',
    '--verbose',
  ]),
  wget: new Set(['--spider', '--quiet', '--no-verbose', '--no-check-certificate', '-nv', '--server-response']),
};
const VALUED: Readonly<Record<string, ReadonlySet<string>>> = {
  curl: new Set(['--output', '--max-time', '--connect-timeout', '--retry', '--user-agent', '-o', '-m', '-A']),
  wget: new Set([
    '--output-document',
    '--timeout',
    '--tries',
    '--output-file',
    '-O',
    '-T',
    '-t',
    '-o',
    '-Y',
    '--user-agent',
  ]),
};
const LETTERS: Readonly<Record<string, RegExp>> = { curl: /^-[fsSIkigv4]+$/, wget: /^-[qS]+$/ };

/** `argv` of a CMD test. */
export function fetchOf(argv: readonly string[]): Fetch | null {
  const program = baseOf(argv[0] ?? '');
  if (program !== 'curl' && program !== 'wget') return null;
  const headers: Record<string, string> = {};
  let url: string | null = null;
  let fails = program === 'wget';
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i] as string;
    const [flag = '', value] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    if (flag === '-H' || flag === '--header') {
      const header = /^([\w-]+):\s*(.*)$/.exec(value ?? argv[++i] ?? '');
      if (!header) return null;
      headers[(header[1] as string).toLowerCase()] = header[2] as string;
    } else if (flag === '-X' || flag === '--request') {
      if ((value ?? argv[++i]) !== 'GET') return null;
    } else if (VALUED[program]?.has(flag)) {
      if (value === undefined) i += 1;
    } else if (/^-[fsSq]*[oO]$/.test(flag) && argv[i + 1]) {
      fails ||= flag.includes('f');
      i += 1;
    } else if (
      PLAIN[program]?.has(flag) ||
      LETTERS[program]?.test(flag) ||
      /^-[tT]\d+$/.test(flag) ||
      flag === '-O-' ||
      flag === '-qO-'
    ) {
      fails ||= flag === '--fail' || flag === '--fail-with-body' || (!flag.startsWith('--') && flag.includes('f'));
    } else if (word.startsWith('-') || url !== null) {
      return null;
    } else {
      url = word;
    }
  }
  const match = URL.exec(url ?? '');
  if (!match) return null;
  const path = (match[3] ?? '/').replace(/#.*$/, '');
  return { port: Number(match[2] ?? 80), path, headers, expectStatus: fails ? [200, 399] : [100, 599] };
}

/** A longer script is more than a fetch, and not worth the patterns below. */
const LONGEST_SCRIPT = 1_000;

/** The text of a CMD-SHELL test: one command, perhaps with `|| exit 1` and its output thrown away. */
export function fetchOfShell(text: string): Fetch | null {
  if (text.length > LONGEST_SCRIPT) return null;
  const command = text
    .trim()
    .replace(/\s*\|\|\s*(?:exit\s+\d+|false|\(exit\s+\d+\))\s*;?$/, '')
    .replace(/\s*(?:&>|>)\s*\/dev\/null(?:\s+2>&1)?$/, '')
    .replace(/\s*2>\s*\/dev\/null$/, '');
  if (/[|&;<>()$`\n*?]/.test(command.replace(/(['"])[^'"$`]*\1|\?[\w=&%-]*(?=\s|$)/g, ''))) return null;
  const argv = splitWords(command);
  return argv === null ? null : fetchOf(argv);
}
