/** The live stream into the store, and the calls that change something. One connection for the whole page. */
import { HoldfastClient, type LiveEvent } from '../../../src/api/client.ts';
import type { OperationResult } from '../../../src/api/resources.ts';
import { asHoldfastError, type HoldfastError } from '../../../src/model/errors.ts';
import type { OperatorCommand } from '../../../src/model/operator.ts';
import { Cell, useCell } from './cell.ts';
import { type Failure, INITIAL, type Message, reduce, type State } from './state.ts';

/** The server says something at least every 10 s: after longer silence what is shown is no longer live. */
const SILENCE_MS = 13_000;
const TOKEN_KEY = 'holdfast-token';

export const live = new Cell<State>(INITIAL);
let client = makeClient(sessionStorage.getItem(TOKEN_KEY));
let running: AbortController | null = null;
let askingForChanges = false;

export function useLive<S>(select: (state: State) => S): S {
  return useCell(live, select);
}

export function api(): HoldfastClient {
  return client;
}

/** (Re)connects; with a token, it is kept for this tab only. */
export function connect(token?: string): void {
  if (token !== undefined) {
    sessionStorage.setItem(TOKEN_KEY, token);
    client = makeClient(token);
  }
  running?.abort();
  running = new AbortController();
  void watch(client, running.signal);
}

export function operate(command: OperatorCommand, why: string): Promise<OperationResult> {
  return client.operate(command, why);
}

export function failureOf(error: unknown): Failure {
  const { code, message, remedy } = asHoldfastError(error);
  return { code, message, remedy };
}

async function watch(from: HoldfastClient, signal: AbortSignal): Promise<void> {
  const onState = (state: 'connected' | 'reconnecting', error: HoldfastError | null): void => {
    if (state === 'reconnecting' && !signal.aborted) {
      tell({ kind: 'reconnecting', failure: error === null ? null : failureOf(error) });
    }
  };
  try {
    // From the beginning of what the server remembers, so that a fresh page shows what has just happened.
    for await (const event of from.events({ after: 0, signal, silenceMs: SILENCE_MS, onState })) {
      const before = live.value;
      tell({ kind: 'event', event, at: Date.now() });
      if (mayHaveChanged(before, event)) void refreshChanges();
    }
  } catch (error) {
    if (!signal.aborted) tell({ kind: 'refused', failure: failureOf(error) });
  }
}

/** Changes are not streamed: they are asked for when the stream says that there may be another one. */
function mayHaveChanged(before: State, event: LiveEvent): boolean {
  if (event.event === 'core') return event.data.topic === 'change';
  return event.event === 'status' && (before.status?.index !== event.data.index || before.connection.kind !== 'live');
}

async function refreshChanges(): Promise<void> {
  if (askingForChanges) return;
  askingForChanges = true;
  try {
    tell({ kind: 'changes', changes: await client.changes({ limit: 50 }) });
  } catch (error) {
    // The server is not there: the stream breaks too, says so, and asks again when it is back.
    console.warn('changes not read:', failureOf(error).message);
  } finally {
    askingForChanges = false;
  }
}

function tell(message: Message): void {
  const before = live.value;
  const after = reduce(before, message);
  live.set(after, after.connection.kind === before.connection.kind ? 'soon' : 'now');
}

function makeClient(token: string | null): HoldfastClient {
  return new HoldfastClient({ url: new URL('.', document.baseURI).href, token, fetch: watchedFetch });
}

/** The stream's heartbeats are comments that the client swallows; they too say that the server is there. */
const watchedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (!stream || response.body === null) return response;
  const seen = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      tell({ kind: 'seen', at: Date.now() });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(seen), response);
};
