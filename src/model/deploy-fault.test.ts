import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { altered, DEPLOY_FAULTS, parseDeployFault, remains } from './deploy-fault.ts';

const DOCUMENT = readFileSync(new URL('../../docs/prove.md', import.meta.url), 'utf8');
const run = { command: ['node', 'a.js'], environment: { RATE: '5', CACHE: 'on' }, workingDir: '/', user: null };

it.each(DEPLOY_FAULTS.map((facts) => [facts.kind, facts] as const))('%s is in docs/prove.md', (kind, facts) => {
  const parameters = Object.entries(facts.parameters).map(([name, text]) => `\`${name}\`: ${text}`);
  const { what, targets, needs, measured, reverted } = facts;
  const cells = [`\`${kind}\``, what, targets.join(', '), parameters.join('<br>'), needs, measured, reverted];
  expect(DOCUMENT).toContain(`| ${cells.join(' | ')} |`);
});

describe('a change on purpose', () => {
  it('sets variables, takes some away, and leaves the rest', () => {
    const alteration = parseDeployFault('misconfigure', { environment: { RATE: 0, CACHE: null, NEW: true } });
    const bad = altered(run, alteration);
    expect(bad).toEqual({ ...run, environment: { RATE: '0', NEW: 'true' } });
    expect(remains(bad, alteration)).toEqual(['environment.RATE', 'environment.CACHE', 'environment.NEW']);
    expect(remains(run, alteration)).toEqual([]);
  });

  it('is another command, or one that ends at once', () => {
    expect(altered(run, parseDeployFault('bad-deploy', { command: ['node', 'b.js'] })).command).toEqual([
      'node',
      'b.js',
    ]);
    const ends = parseDeployFault('bad-deploy', { exit: 3, environment: { RATE: '1' } });
    expect(altered(run, ends)).toMatchObject({
      command: ['/bin/sh', '-c', 'exit 3'],
      environment: { RATE: '1', CACHE: 'on' },
    });
  });

  it.each([
    ['misconfigure', {}, 'says nothing that would be different'],
    ['misconfigure', { enviroment: { A: 1 } }, 'has no parameter enviroment'],
    ['misconfigure', { environment: ['A=1'] }, 'environment is not a map'],
    ['misconfigure', { environment: { 'A B': 1 } }, '"A B" cannot name a variable'],
    ['misconfigure', { environment: { A: { b: 1 } } }, 'environment.A is no single value'],
    ['misconfigure', { command: ['x'] }, 'has no parameter command'],
    ['bad-deploy', { command: 'node b.js' }, 'command is not a list of texts'],
    ['bad-deploy', { command: [] }, 'command is not a list of texts'],
    ['bad-deploy', { exit: 256 }, 'exit is no code'],
    ['bad-deploy', { exit: 1, command: ['x'] }, 'exit stands for a command'],
  ] as const)('%s %j is refused', (kind, given, message) => {
    expect(() => parseDeployFault(kind, given)).toThrow(message);
  });
});
