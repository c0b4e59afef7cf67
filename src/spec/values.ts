/**
 * Scalars as values. Everything may also be written as a string, because an interpolated variable is one. undefined:
 * not such a value (the grammar has said so already; readers then keep the default).
 */
import { parseDuration } from '../model/time.ts';
import { isNull, type SpecNode, textOf } from './tree.ts';

/** Unit: bytes. Multiples of 1024, as Compose counts: `64k`, `512m`, `1.5g`, `1GiB`; a bare number is bytes. */
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?$/i;
const POWERS = ['', 'k', 'm', 'g', 't', 'p'];

/** Longer is a slip of the keyboard, and would overflow timers. */
const LONGEST_MS = 10 * 365 * 86_400_000;

export function readDuration(node: SpecNode | undefined): number | undefined {
  const text = textOf(node)?.trim();
  if (text === undefined) return undefined;
  if (text === '0') return 0;
  const value = parseDuration(text);
  return value !== undefined && value <= LONGEST_MS ? value : undefined;
}

export function readSize(node: SpecNode | undefined): number | undefined {
  const match = SIZE.exec(textOf(node)?.trim() ?? '');
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * 1024 ** POWERS.indexOf((match[2] ?? '').toLowerCase()));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

export function readNumber(node: SpecNode | undefined): number | undefined {
  const text = textOf(node)?.trim();
  return text !== undefined && /^[-+]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

export function readInteger(node: SpecNode | undefined): number | undefined {
  const value = readNumber(node);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function readShare(node: SpecNode | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(textOf(node)?.trim() ?? '');
  if (!match) return undefined;
  // Rounded, so that 99.9% is 0.999 and not 0.9990000000000001.
  const value = match[2] === '%' ? Number((Number(match[1]) / 100).toPrecision(12)) : Number(match[1]);
  return value <= 1 ? value : undefined;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  n: false,
  '0': false,
};

export function readBool(node: SpecNode | undefined): boolean | undefined {
  if (isNull(node)) return undefined;
  const text = textOf(node)?.toLowerCase();
  return text !== undefined && Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
}
