/** What is not streamed: asked for when a page is opened and whenever `news` changes; the last answer stays meanwhile. */
import { useEffect, useState } from 'preact/hooks';
import { failureOf, useLive } from './live.ts';
import type { Failure } from './state.ts';

export interface Asked<T> {
  /** null: there was no answer yet. */
  readonly value: T | null;
  /** Why the newest question was not answered. */
  readonly failure: Failure | null;
}

export function useAsked<T>(question: () => Promise<T>, news: string): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ value: null, failure: null });
  // A connection that is back brings everything anew.
  const isLive = useLive(({ connection }) => connection.kind === 'live');
  useEffect(() => {
    if (!isLive) return;
    let wanted = true;
    question().then(
      (value) => wanted && setAsked({ value, failure: null }),
      (error: unknown) => wanted && setAsked(({ value }) => ({ value, failure: failureOf(error) })),
    );
    return () => {
      wanted = false;
    };
  }, [news, isLive]);
  return asked;
}
