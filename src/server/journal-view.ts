/** Journal entries as people read them. */
import type { JournalEntryResource } from '../api/resources.ts';
import { countKinds, inputText, type QuietBody, type StartBody, type StepBody, unpackQuiet } from './record.ts';

export interface ReadEntry {
  readonly seq: number;
  readonly wallMs: number;
  readonly kind: string;
  readonly body: unknown;
  readonly hash: string;
}

export function journalEntryResource(entry: ReadEntry): JournalEntryResource {
  const { seq, wallMs, hash } = entry;
  return { seq, at: new Date(wallMs).toISOString(), kind: entry.kind, hash, ...described(entry) };
}

function described({ kind, body }: ReadEntry): Pick<JournalEntryResource, 'summary' | 'who' | 'why'> {
  const nobody = { who: null, why: null };
  switch (kind) {
    case 'step': {
      const { input, decisions } = body as StepBody;
      return { summary: [inputText(input), ...decisions].join('; '), ...asker(input) };
    }
    case 'quiet': {
      const inputs = unpackQuiet(body as QuietBody, (text) => text);
      return { summary: `nothing came of: ${countKinds(inputs.map(([, input]) => input))}`, ...nobody };
    }
    case 'start': {
      const { version, pid } = body as StartBody;
      return { summary: `server ${version} started (pid ${pid})`, ...nobody };
    }
    case 'segment':
      return { summary: 'a new segment begins with the state so far', ...nobody };
    case 'stop': {
      const { text, who, why } = body as StopNote;
      return { summary: text, who, why };
    }
    default:
      return { summary: kind, ...nobody };
  }
}

/** Body of a `stop` note. */
export interface StopNote {
  readonly text: string;
  readonly who: string;
  readonly why: string;
}

function asker(input: StepBody['input']): { readonly who: string | null; readonly why: string | null } {
  if (input.kind === 'apply') return { who: input.change.who, why: input.change.why };
  if (input.kind === 'operator' || input.kind === 'fault') return { who: input.who, why: input.why };
  return { who: null, why: null };
}
