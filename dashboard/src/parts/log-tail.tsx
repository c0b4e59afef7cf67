/** The end of an instance's log as it is written: follow, pause, search. At most LINES_KEPT lines stay in the page. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api, failureOf, useLive } from '../state/live.ts';
import type { Failure } from '../state/state.ts';
import { plural } from '../view/format.ts';
import { FailureText } from './connection.tsx';
import { Icon } from './icons.tsx';

const TAIL = 300;
const LINES_KEPT = 2_000;
/** Lines that arrive together are drawn together. */
const DRAW_MS = 150;

interface Line {
  readonly n: number;
  readonly text: string;
}

export function LogTail({ instance }: { readonly instance: string }): JSX.Element {
  const [query, setQuery] = useState('');
  const [paused, setPaused] = useState(false);
  const isLive = useLive(({ connection }) => connection.kind === 'live');
  const { lines, ended, failure } = useLog(instance, isLive);
  const [frozen, setFrozen] = useState<readonly Line[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const shown = paused ? frozen : lines;
  const needle = query.toLowerCase();
  const matching = needle === '' ? shown : shown.filter(({ text }) => text.toLowerCase().includes(needle));
  const missed = paused ? (lines.at(-1)?.n ?? 0) - (frozen.at(-1)?.n ?? 0) : 0;
  // Whenever lines are added, the end is what is wanted.
  useLayoutEffect(() => {
    if (!paused && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [paused, matching.at(-1)?.n, matching.length]);
  const pause = (): void => {
    setFrozen(lines);
    setPaused(!paused);
  };
  return (
    <div class="log">
      <div class="log-bar">
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search in the log ( / )"
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <span class="muted num">
          {needle === '' ? plural(matching.length, 'line') : `${matching.length} of ${shown.length}`}
        </span>
        <button type="button" class="button small" onClick={pause} aria-pressed={paused}>
          <Icon name={paused ? 'play' : 'pause'} size={12} />
          {paused ? `Follow${missed > 0 ? ` (${missed} new)` : ''}` : 'Pause'}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div class="log-lines" ref={box} tabIndex={0} role="log" aria-live="off" aria-label={`Log of ${instance}`}>
        {matching.map(({ n, text }) => (
          <div key={n}>{needle === '' ? text : <Marked text={text} needle={needle} />}</div>
        ))}
        {matching.length === 0 && failure === null && (
          <p class="empty">{needle === '' ? 'Nothing written yet.' : `No line contains “${query}”.`}</p>
        )}
        {failure !== null && (
          <p class="notice bad">
            <FailureText failure={failure} />
          </p>
        )}
        {ended && <p class="empty">The stream ended.</p>}
      </div>
    </div>
  );
}

/** Reads anew when another instance is chosen, and when the connection comes back. */
function useLog(
  instance: string,
  isLive: boolean,
): { readonly lines: readonly Line[]; readonly ended: boolean; readonly failure: Failure | null } {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [ended, setEnded] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    if (!isLive) return;
    const gone = new AbortController();
    const buffer: Line[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    const draw = (): void => {
      timer = null;
      if (!gone.signal.aborted) setLines([...buffer]);
    };
    const read = async (): Promise<void> => {
      let n = 0;
      for await (const text of api().logs(instance, { tail: TAIL, follow: true, signal: gone.signal })) {
        buffer.push({ n: n++, text });
        if (buffer.length > LINES_KEPT) buffer.splice(0, buffer.length - LINES_KEPT);
        timer ??= setTimeout(draw, DRAW_MS);
      }
      if (!gone.signal.aborted) setEnded(true);
    };
    setFailure(null);
    setEnded(false);
    setLines([]);
    read().catch((error: unknown) => {
      if (!gone.signal.aborted) setFailure(failureOf(error));
    });
    return () => {
      gone.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [instance, isLive]);
  return { lines, ended, failure };
}

function Marked({ text, needle }: { readonly text: string; readonly needle: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + needle.length)}</mark>);
    from = at + needle.length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}
