/**
 * What is not streamed: asked for when a page is opened and whenever `news` changes. The last answer to the same question
 * is kept for the next visit, so that a page that is opened while the server is away shows what was known.
 */
import { useEffect, useState } from 'preact/hooks';
import { failureOf, useLive } from './live.ts';
import type { Failure } from './state.ts';

export interface Asked<T> {
  /** null: there was no answer yet. */
  readonly value: T | null;
  /** Why the newest question was not answered. */
  readonly failure: Failure | null;
}

const AWAY: Failure = {
  code: 'HF7004',
  message: 'it was not read before the connection was lost',
  remedy: 'It is asked for as soon as the server is back.',
};
const answers = new Map<string, unknown>();

/** `about`: what is asked, the same for the same question. */
export function useAsked<T>(about: string, question: () => Promise<T>, news: string): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ value: (answers.get(about) as T | undefined) ?? null, failure: null });
  // A connection that is back brings everything anew.
  const isLive = useLive(({ connection }) => connection.kind === 'live');
  useEffect(() => {
    if (!isLive) {
      setAsked(({ value }) => ({ value, failure: value === null ? AWAY : null }));
      return;
    }
    let wanted = true;
    question().then(
      (value) => {
        answers.set(about, value);
        if (wanted) setAsked({ value, failure: null });
      },
      (error: unknown) => wanted && setAsked(({ value }) => ({ value, failure: failureOf(error) })),
    );
    return () => {
      wanted = false;
    };
  }, [about, news, isLive]);
  return asked;
}
