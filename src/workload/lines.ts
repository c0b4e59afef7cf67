/** A recorded history as text: one JSON object a line, which Holdfast and other tools read back. */
import type { HistoryEvent } from '../model/history.ts';

export function toLine(event: HistoryEvent): string {
  const { process, type, f, key, value, error, time } = event;
  return JSON.stringify({ process, type, f, key, value, error, time });
}

export function toLines(events: readonly HistoryEvent[]): string {
  return events.map((event) => `${toLine(event)}\n`).join('');
}
