/** Numbers as people read them at a glance: few digits, fixed units, an en dash for what is not known. */
import { formatDuration } from '../../../src/model/time.ts';

export const NONE = '–';

/** Requests per second: `0`, `0.4/s`, `47/s`, `1.2k/s`. */
export function rate(perSec: number | null | undefined): string {
  if (perSec === null || perSec === undefined) return NONE;
  if (perSec >= 1_000) return `${digits(perSec / 1_000)}k/s`;
  return `${digits(perSec)}/s`;
}

/** A share 0–1 as percent. What is not nothing is never shown as 0 %. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1 %';
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
  return `${digits(value)} %`;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms > 0 && ms < 10) return `${trim(ms.toFixed(1))}ms`;
  return formatDuration(ms);
}

/** Binary units, as limits are written: `148 MiB`. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return NONE;
  let value = count;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1_024) return `${digits(value)} ${unit}`;
    value /= 1_024;
  }
  return `${digits(value)} TiB`;
}

export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}

/** Waiting of all users together, seconds. */
export function waited(seconds: number): string {
  return seconds > 0 && seconds < 0.05 ? '<0.1 s' : `${digits(seconds)} s`;
}

export function cores(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : value.toFixed(2);
}

/** How long ago, coarser with age; the future too: `in 4m`. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  const size = coarse(Math.abs(ms));
  if (size === null) return 'just now';
  return ms >= 0 ? `${size} ago` : `in ${size}`;
}

function coarse(ms: number): string | null {
  const s = Math.floor(ms / 1_000);
  if (s < 1) return null;
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** A length of time that goes on, for `up 3 h`. */
export function lasting(ms: number): string {
  return coarse(ms) ?? '0 s';
}

/** Absolute time in the reader's zone, to the millisecond: `2025-11-21 08:14:03.120`. */
export function absolute(at: number): string {
  const d = new Date(at);
  const p = (value: number, width = 2): string => String(value).padStart(width, '0');
  const date = `${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())}`;
  return `${date} ${p(d.getHours())}:${p(d.getMinutes())}:${p(d.getSeconds())}.${p(d.getMilliseconds(), 3)}`;
}

export function clock(at: number): string {
  return absolute(at).slice(11, 19);
}

export function plural(n: number, word: string, many = `${word}s`): string {
  return `${count(n)} ${n === 1 ? word : many}`;
}

/** Cut in the middle: names of one family differ at their end. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}

function digits(value: number): string {
  if (value === 0) return '0';
  if (value < 10) return trim(value.toFixed(1));
  return String(Math.round(value));
}

function trim(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}
