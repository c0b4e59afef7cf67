import { describe, expect, it } from 'vitest';
import { exitFromFile } from './exits.ts';

const file = (status: number, remarked = false) => ({ status, remarked, uptimeSec: 1 });

describe('exitFromFile', () => {
  it('keeps code and signal apart', () => {
    expect(exitFromFile(file(3), null, 0, 9, [])).toMatchObject({ reason: 'code', code: 3, signal: null, at: 9 });
    expect(exitFromFile(file(137, true), null, 0, 9, [])).toMatchObject({
      reason: 'signal',
      code: null,
      signal: 'SIGKILL',
    });
    expect(exitFromFile(file(137), null, 0, 9, [])).toMatchObject({ reason: 'code', code: 137 });
  });

  it('says why Holdfast killed it, unless it ended in another way first', () => {
    const verdict = { reason: 'oom', detail: 'too much' } as const;
    expect(exitFromFile(file(137, true), verdict, 0, 9, [])).toMatchObject({
      reason: 'oom',
      signal: 'SIGKILL',
      detail: 'too much',
    });
    expect(exitFromFile(file(1), verdict, 0, 9, [])).toMatchObject({ reason: 'code', code: 1, detail: null });
  });

  it('believes the kernel about memory', () => {
    expect(exitFromFile(file(137, true), null, 1, 9, [])).toMatchObject({ reason: 'oom', signal: 'SIGKILL' });
    // A child was taken, the main process noticed and gave up by itself.
    expect(exitFromFile(file(1), null, 1, 9, [])).toMatchObject({ reason: 'oom', code: 1 });
    expect(exitFromFile(file(0), null, 1, 9, [])).toMatchObject({ reason: 'code', code: 0 });
  });

  it('explains what a shell means by its codes', () => {
    expect(exitFromFile(file(127), null, 0, 9, []).detail).toContain('not found');
    expect(exitFromFile(file(126), null, 0, 9, []).detail).toContain('not be executed');
  });
});
