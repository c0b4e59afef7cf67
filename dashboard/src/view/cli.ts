/** The same act as a command line, so that what was clicked can be pasted into a runbook or a terminal. */
import { formatDuration } from '../../../src/model/time.ts';
import type { Deed, Experiment } from '../state/ui.ts';

export function cliFor(command: Deed, why = ''): string {
  const words = ['holdfast', ...verb(command), ...(why === '' ? [] : ['--reason', why])];
  return words.map(quote).join(' ');
}

function verb(command: Deed): string[] {
  switch (command.kind) {
    case 'experiment':
      return [...experiment(command), ...(command.dryRun ? ['--dry-run'] : [])];
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

function experiment({ run }: Experiment): string[] {
  switch (run.kind) {
    case 'cause':
      return ['diagnose', run.incident, '--prove', '--elsewhere', ...(run.on === null ? [] : [run.on])];
    case 'explore':
      return ['prove', '--explore', '--seed', String(run.seed), '--runs', String(run.runs)];
    case 'experiments':
      return run.files.length === 1 && run.files[0]?.file.startsWith('doctor/')
        ? ['doctor', '--prove', run.files[0].file.slice('doctor/'.length)]
        : ['prove', ...run.files.map(({ file }) => file)];
    case 'catalogue':
      return [
        'prove',
        '--catalogue',
        ...(run.faults.length === 0 ? [] : ['--fault', ...run.faults]),
        ...(run.services.length === 0 ? [] : ['--service', ...run.services]),
      ];
  }
}

/** For POSIX shells: only what needs quotes gets them. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
