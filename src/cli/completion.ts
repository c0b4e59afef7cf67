/**
 * Shell completion, generated from the commands themselves, so that it cannot fall behind them. Verbs, subcommands,
 * options and fixed choices are in the script; names of services and instances are asked of the server as one types.
 */
import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Words {
  /** `get`, `recover approve`. */
  readonly path: string;
  readonly summary: string;
  readonly words: readonly string[];
  readonly options: readonly { readonly flag: string; readonly summary: string }[];
  /** What its argument names: asked of the server. */
  readonly names: 'services' | 'instances' | null;
}

const NAMED: Readonly<Record<string, 'services' | 'instances'>> = {
  logs: 'instances',
  restart: 'instances',
  undo: 'services',
  rollback: 'services',
  scale: 'services',
  down: 'services',
  diagnose: 'services',
  silence: 'services',
};

export function completionScript(program: Command, shell: Shell): string {
  const commands = collect(program, '');
  if (shell === 'bash') return bash(commands);
  return shell === 'zsh' ? zsh(commands) : fish(commands);
}

function collect(command: Command, path: string): Words[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  const names = children.flatMap((child) => [child.name(), ...child.aliases()]);
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const options = command.options.map((option) => ({ flag: option.long ?? option.flags, summary: option.description }));
  const own: Words = {
    path,
    summary: command.description(),
    words: [...names, ...choices],
    options: [...options, { flag: '--help', summary: 'help for this command' }],
    names: NAMED[path] ?? null,
  };
  const below = children.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => collect(child, path === '' ? name : `${path} ${name}`)),
  );
  return [own, ...below];
}

function candidates({ words, options }: Words): string {
  return [...words, ...options.map(({ flag }) => flag)].join(' ');
}

/** Longest path first, so that `recover approve` is found before `recover`. */
function cases(commands: readonly Words[], line: (command: Words) => string): string {
  return [...commands]
    .sort((a, b) => b.path.length - a.path.length)
    .map(line)
    .join('\n');
}

const FIND_PATH = `  local word path=""
  for word in "\${words[@]:1:$((cword - 1))}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done`;

function askNames(kind: Words['names']): string {
  return kind === null ? '' : ` $(holdfast get ${kind} -o name 2>/dev/null)`;
}

function bash(commands: readonly Words[]): string {
  return `# holdfast completion for bash: source <(holdfast completion bash)
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" cword=$COMP_CWORD words=("\${COMP_WORDS[@]}") list=""
${FIND_PATH}
  case "$path" in
${cases(commands, (command) => `    "${command.path}"${command.path === '' ? '' : '*'}) list="${candidates(command)}${askNames(command.names)}" ;;`)}
  esac
  COMPREPLY=($(compgen -W "$list" -- "$cur"))
}
complete -o default -F _holdfast holdfast
`;
}

function zsh(commands: readonly Words[]): string {
  return `#compdef holdfast
# holdfast completion for zsh: source <(holdfast completion zsh)
_holdfast() {
  local word path="" list
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] || path="\${path:+$path }$word"
  done
  case "$path" in
${cases(commands, (command) => `    "${command.path}"${command.path === '' ? '' : '*'}) list="${candidates(command)}${askNames(command.names)}" ;;`)}
  esac
  compadd -- \${=list}
  _files
}
compdef _holdfast holdfast
`;
}

function fish(commands: readonly Words[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap((command) => {
    const parts = command.path === '' ? [] : command.path.split(' ');
    const condition =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const prefix = `complete -c holdfast -n ${quote(condition)}`;
    return [
      ...command.words.map((word) => {
        const child = commands.find(({ path }) => path === [...parts, word].join(' '));
        return `${prefix} -f -a ${word}${child ? ` -d ${quote(child.summary)}` : ''}`;
      }),
      ...command.options.map(({ flag, summary }) => `${prefix} -l ${flag.replace(/^--/, '')} -d ${quote(summary)}`),
      ...(command.names ? [`${prefix} -f -a '(holdfast get ${command.names} -o name 2>/dev/null)'`] : []),
    ];
  });
  return `# holdfast completion for fish: holdfast completion fish | source\n${lines.join('\n')}\n`;
}
