/** What must not be shown: values whose name says so, and passwords inside URLs and arguments. */

const NAME = /passw(?:or)?d|passphrase|secret|token|key|credential|_pwd$|^pwd_/i;
/** Every part is bounded: these patterns meet texts of a megabyte. */
const URL_PASSWORD = /([a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,200}:)[^\s@]{1,500}(@)/gi;

export function looksSecret(name: string): boolean {
  return NAME.test(name);
}

export function withoutPasswords(text: string): string {
  return text.replace(URL_PASSWORD, '$1***$2');
}

/** `--password x`, `--password=x`, `PASSWORD=x` in a command line. */
export function maskedCommand(argv: readonly string[]): readonly string[] {
  return argv.map((word, index) => {
    const assigned = /^([-\w.]+)=/s.exec(word);
    if (assigned && looksSecret(assigned[1] as string)) return `${assigned[1]}=***`;
    const before = argv[index - 1] ?? '';
    if (/^--?[a-z]/i.test(before) && !before.includes('=') && looksSecret(before) && !word.startsWith('-'))
      return '***';
    if (/^--?requirepass$/i.test(before)) return '***';
    return withoutPasswords(word).replace(/\b(\w{0,64}(?:passw(?:or)?d|secret|token)\w{0,64})=\S+/gi, '$1=***');
  });
}
