/** How the page stands with the server: never is old data shown as if it were live. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useCell } from '../state/cell.ts';
import { connect, useLive } from '../state/live.ts';
import type { Failure } from '../state/state.ts';
import { clock } from '../state/ui.ts';
import { ago } from '../view/format.ts';

export function FailureText({ failure }: { readonly failure: Failure }): JSX.Element {
  return (
    <>
      <strong>{failure.code}</strong> {failure.message}
      <br />
      {failure.remedy}
    </>
  );
}

/** In the top bar: one word, always there. */
export function ConnectionState(): JSX.Element {
  const kind = useLive(({ connection }) => connection.kind);
  const word = { live: 'live', connecting: 'connecting', lost: 'connection lost', refused: 'refused' }[kind];
  return (
    <span class={`connection ${kind}`} role="status">
      <span class="pulse" aria-hidden="true" />
      {word}
    </span>
  );
}

export function ConnectionBanner(): JSX.Element | null {
  const connection = useLive((state) => state.connection);
  const known = useLive(({ status }) => status !== null);
  const lastSeenAt = useLive((state) => (state.connection.kind === 'lost' ? state.lastSeenAt : null));
  const seen = useCell(clock, (now) => (lastSeenAt === null ? 'never' : ago(lastSeenAt, Math.max(now, lastSeenAt))));
  if (!known || (connection.kind !== 'lost' && connection.kind !== 'refused')) return null;
  if (connection.kind === 'refused') {
    return (
      <div class="banner bad" role="alert">
        <p>
          <strong>Not connected.</strong> <FailureText failure={connection.failure} />
        </p>
        {connection.failure.code === 'HF6001' ? <TokenForm /> : <Again />}
      </div>
    );
  }
  return (
    <div class="banner bad">
      <p>
        <strong role="alert">Connection lost.</strong> Last seen {seen}; retrying
        {connection.attempts > 1 && ` (attempt ${connection.attempts})`}. What is shown below is old.
      </p>
      <Again />
    </div>
  );
}

function Again(): JSX.Element {
  return (
    <button type="button" class="button small" onClick={() => connect()}>
      Retry now
    </button>
  );
}

/** Before the first answer: connecting, failing to, or a token is needed. */
export function Welcome(): JSX.Element {
  const connection = useLive((state) => state.connection);
  const failure = 'failure' in connection ? connection.failure : null;
  const sentence = useLive(({ status }) => status?.sentence ?? null);
  const needsToken = connection.kind === 'refused' && failure?.code === 'HF6001';
  const titleOf = (): string => {
    if (needsToken) return 'This server needs a token';
    if (failure !== null) return 'No connection';
    return sentence === null ? 'Connecting …' : 'Reading the state of the system …';
  };
  return (
    <main class="welcome" id="main" tabIndex={-1}>
      <h1>{titleOf()}</h1>
      {sentence !== null && failure === null && <p>{sentence}</p>}
      {failure !== null && !needsToken && (
        <p class="notice bad" role="alert">
          <FailureText failure={failure} />
        </p>
      )}
      {connection.kind === 'connecting' && failure !== null && <p>Retrying (attempt {connection.attempts}) …</p>}
      {needsToken ? <TokenForm /> : failure !== null && <Again />}
    </main>
  );
}

function TokenForm(): JSX.Element {
  const [token, setToken] = useState('');
  const field = useRef<HTMLInputElement>(null);
  // Before it is painted: whoever sees the field can write into it, and no key goes to the page instead.
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        connect(token.trim());
      }}
    >
      <label for="token">Token (viewer, operator or admin); kept for this tab only</label>
      <div class="row">
        <input
          id="token"
          type="password"
          ref={field}
          required
          autocomplete="off"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          Connect
        </button>
      </div>
    </form>
  );
}
