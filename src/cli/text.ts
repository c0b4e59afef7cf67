/** How numbers, times and states read on a terminal. */
import type { Health } from '../api/resources.ts';
import { formatDuration } from '../model/time.ts';
import type { Style } from './terminal.ts';

export function percent(share: number): string {
  if (share === 0) return '0%';
  const value = share * 100;
  if (value < 0.01) return '<0.01%';
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : Math.round(value)}%`;
}

export function rate(perSec: number): string {
  return perSec >= 100 ? String(Math.round(perSec)) : perSec >= 10 ? perSec.toFixed(0) : perSec.toFixed(1);
}

export function millis(value: number | null): string {
  if (value === null) return '-';
  return value < 10 ? `${value.toFixed(1)}ms` : formatDuration(value);
}

export function bytes(value: number | null): string {
  if (value === null) return '-';
  const units = ['B', 'K', 'M', 'G', 'T'];
  let size = value;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)}${units[unit]}`;
}

/** Times to a person are local and short; the full ISO form is in -o json. */
export function clock(iso: string): string {
  const date = new Date(iso);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function ago(iso: string | null, nowMs = Date.now()): string {
  return iso === null ? '-' : `${formatDuration(Math.max(0, nowMs - Date.parse(iso)))}`;
}

export function after(ms: number | null): string {
  return ms === null ? '-' : formatDuration(ms);
}

export function healthColor(health: Health, style: Style): (text: string) => string {
  if (health === 'healthy') return style.green;
  if (health === 'degraded') return style.yellow;
  return health === 'down' ? style.red : style.dim;
}

export const HEALTH_MARK: Readonly<Record<Health, string>> = {
  healthy: '●',
  degraded: '◐',
  down: '○',
  unknown: '?',
  stopped: '-',
};

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
