import { describe, expect, it } from 'vitest';
import type { Deed } from '../state/ui.ts';
import { cliFor } from './cli.ts';

describe('copy as CLI', () => {
  it.each<[Deed, string]>([
    [{ kind: 'restart', service: 'payments', instance: null }, 'holdfast restart payments'],
    [{ kind: 'restart', service: 'payments', instance: 'payments-2' }, 'holdfast restart payments-2'],
    [{ kind: 'scale', service: 'payments', replicas: 5 }, 'holdfast scale payments=5'],
    [{ kind: 'rollback', service: 'payments', change: null }, 'holdfast undo payments'],
    [{ kind: 'rollback', service: 'payments', change: 'c7' }, 'holdfast undo payments --change c7'],
    [{ kind: 'silence', service: null, forMs: 1_800_000 }, 'holdfast silence start --for 30m'],
    [{ kind: 'silence', service: 'mailer', forMs: 5_400_000 }, 'holdfast silence start mailer --for 1h30m'],
    [{ kind: 'unsilence', silence: 's1' }, 'holdfast silence end s1'],
    [{ kind: 'mode', mode: 'approve' }, 'holdfast recover mode approve'],
    [{ kind: 'approve', action: 'a1' }, 'holdfast recover approve a1'],
    [{ kind: 'override', action: 'a1', rail: 'budget' }, 'holdfast recover override a1 --rail budget'],
    [{ kind: 'stop-all' }, 'holdfast stop --all'],
    [{ kind: 'resume' }, 'holdfast resume'],
    [{ kind: 'down', service: 'mailer' }, 'holdfast down mailer'],
    [
      { kind: 'experiment', run: { kind: 'cause', incident: 'inc-7', on: null }, dryRun: false },
      'holdfast diagnose inc-7 --prove --elsewhere',
    ],
    [
      { kind: 'experiment', run: { kind: 'catalogue', faults: ['kill'], services: ['api'] }, dryRun: true },
      'holdfast prove --catalogue --fault kill --service api --dry-run',
    ],
    [
      {
        kind: 'experiment',
        run: { kind: 'experiments', files: [{ file: 'doctor/single-instance/api', baseDir: '/', text: '{}' }] },
        dryRun: false,
      },
      'holdfast doctor --prove single-instance/api',
    ],
  ])('%j', (command, line) => expect(cliFor(command)).toBe(line));

  it('quotes the reason for a shell', () => {
    expect(cliFor({ kind: 'resume' }, "it's over")).toBe("holdfast resume --reason 'it'\\''s over'");
  });
});
