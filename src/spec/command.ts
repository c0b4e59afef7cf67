/** What a service runs, or why it cannot be run as a process of this machine. */
import { programOf } from './failover.ts';
import { baseOf } from './paths.ts';
import type { Problems } from './problems.ts';
import { get, itemsOf, type SpecNode, textOf } from './tree.ts';
import { splitWords } from './words.ts';

export type Runnable =
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** `what` is missing, said in a notice; the service is left out. */
  | { readonly kind: 'left-out'; readonly at: SpecNode; readonly what: string; readonly instead: string }
  | { readonly kind: 'nothing' };

const OUTSIDE = 'not started; dependants treat it as external';

/** `containers`: what only a container could run counts as running its image; for who looks at the structure alone. */
export function runnableOf(service: SpecNode, problems: Problems, containers: boolean): Runnable {
  const entrypoint = argvOf(get(service, 'entrypoint'), problems);
  const command = argvOf(get(service, 'command'), problems);
  const given = [...entrypoint, ...command];
  const program = programOf(service);
  const argv = given.length === 0 && program !== null ? [program] : given;
  const container = get(service, 'image') ?? get(service, 'build');
  if (containers && container) return { kind: 'command', argv: [textOf(get(service, 'image')) ?? 'build', ...argv] };
  const provider = get(service, 'provider');
  if (provider) return leftOut(provider, 'provider: another program runs it');
  if (argv.length === 0) {
    if (!container) return { kind: 'nothing' };
    const key = get(service, 'image') ? `image ${textOf(container)}` : 'build';
    return leftOut(container, `${key} without a command: there is nothing that a process could run`);
  }
  if (argv[0]?.startsWith('-') && container) {
    const at = get(service, 'command') ?? container;
    return leftOut(at, `command ${argv[0]} … is only the arguments of the image's entrypoint`);
  }
  return { kind: 'command', argv };
}

function leftOut(at: SpecNode, what: string): Runnable {
  return { kind: 'left-out', at, what, instead: OUTSIDE };
}

/** A text is split as a shell would split it, but no shell is started. */
export function argvOf(node: SpecNode | undefined, problems: Problems): readonly string[] {
  if (node?.kind === 'list') return itemsOf(node).map((item) => textOf(item) ?? '');
  const text = textOf(node);
  if (node === undefined || text === undefined) return [];
  const words = splitWords(text);
  if (words === null)
    problems.error('HF1004', 'a quote is not closed in this command', node, 'Close it, or write a list.');
  return words ?? [];
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox']);

/** Is some part of it run by a shell (`sh -c …`), which fills in variables? */
export function usesShell(argv: readonly string[]): boolean {
  return argv.some((word) => SHELLS.has(baseOf(word)));
}

/** Variables that a program gets as text because no shell is there to fill them in. */
export function unexpanded(argv: readonly string[]): readonly string[] {
  if (usesShell(argv)) return [];
  const names = argv.flatMap((word) =>
    [...word.matchAll(/\$\{?([A-Z_][A-Z0-9_]*)\}?/g)].map((match) => match[1] as string),
  );
  return [...new Set(names)];
}
