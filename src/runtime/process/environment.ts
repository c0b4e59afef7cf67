/**
 * The environment of a service: what its launch says, and a few variables of Holdfast's own that a program cannot do
 * without. Nothing else leaks: a token in Holdfast's environment is not a service's business.
 */

const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'TMPDIR'];

type Variables = Readonly<Record<string, string>>;

export function buildEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  layers: readonly Variables[],
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && (INHERITED.includes(name) || name.startsWith('LC_'))) environment[name] = value;
  }
  return Object.assign(environment, ...layers);
}

/** Variables that shells set, drop or act upon: they must not meet the shim's shell. */
const SHELL_OWN =
  /^(?:IFS|OPTIND|OPTARG|PPID|LINENO|PWD|OLDPWD|_|SHLVL|UID|EUID|GROUPS|ENV|PS[0-9]|MAIL|MAILPATH|MAILCHECK|RANDOM|SECONDS|SHELLOPTS|POSIXLY_CORRECT|BASH.*|DIRSTACK|FUNCNAME|HISTCMD|PIPESTATUS)$/;

/**
 * Splits off what cannot pass through a shell: names that are no identifiers (`discovery.type`), which it drops, and
 * its own variables. Those are set by `env` as the last step before the service.
 */
export function splitForShell(environment: Variables): { plain: Record<string, string>; odd: string[] } {
  const plain: Record<string, string> = {};
  const odd: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SHELL_OWN.test(name)) plain[name] = value;
    else odd.push(`${name}=${value}`);
  }
  return { plain, odd };
}
