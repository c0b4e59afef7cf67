/** The same act as a command line, so that what was clicked can be pasted into a runbook or a terminal. */
import type { OperatorCommand } from '../../../src/model/operator.ts';
import { formatDuration } from '../../../src/model/time.ts';

export function cliFor(command: OperatorCommand, why = ''): string {
  const words = ['holdfast', ...verb(command), ...(why === '' ? [] : ['--reason', why])];
  return words.map(quote).join(' ');
}

function verb(command: OperatorCommand): string[] {
  switch (command.kind) {
    case 'restart':
      return ['restart', command.instance ?? command.service];
    case 'scale':
      return ['scale', `${command.service}=${command.replicas}`];
    case 'rollback':
      return ['undo', command.service, ...(command.change === null ? [] : ['--change', command.change])];
    case 'silence':
      return [
        'silence',
        'start',
        ...(command.service === null ? [] : [command.service]),
        '--for',
        formatDuration(command.forMs),
      ];
    case 'unsilence':
      return ['silence', 'end', command.silence];
    case 'mode':
      return ['recover', 'mode', command.mode];
    case 'approve':
    case 'reject':
      return ['recover', command.kind, command.action];
    case 'override':
      return ['recover', 'override', command.action, '--rail', command.rail];
    case 'prove':
      return ['diagnose', command.incident, '--prove'];
    case 'stop-all':
      return ['stop', '--all'];
    case 'resume':
      return ['resume'];
    case 'down':
      return ['down', ...(command.service === null ? [] : [command.service])];
  }
}

/** For POSIX shells: only what needs quotes gets them. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
