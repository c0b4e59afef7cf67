import { describe, expect, it } from 'vitest';
import type { HoldfastError } from '../../model/errors.ts';
import { authenticate, authorize, parseTokenFile } from './auth.ts';

const FILE = `# who may do what
viewer   view-view-view-view wall   # the wall screen

operator oper-oper-oper-oper ann
admin admi-admi-admi-admi root
`;

function codeOf(run: () => unknown): HoldfastError {
  try {
    run();
  } catch (error) {
    return error as HoldfastError;
  }
  throw new Error('nothing was refused');
}

describe('token file', () => {
  it('reads role, token and name, and never keeps the token itself', () => {
    const tokens = parseTokenFile(FILE, 't');
    expect(tokens.map(({ role, name }) => [role, name])).toEqual([
      ['viewer', 'wall'],
      ['operator', 'ann'],
      ['admin', 'root'],
    ]);
    expect(JSON.stringify(tokens)).not.toContain('view-view');
  });

  it.each([
    ['root admi-admi-admi-admi x', 1],
    ['# fine\nadmin short x', 2],
    ['admin admi-admi-admi-admi', 1],
    ['admin admi-admi-admi-admi two names', 1],
  ])('refuses %j at its line and does not repeat the token', (text, line) => {
    const error = codeOf(() => parseTokenFile(text, 'tokens'));
    expect(error).toMatchObject({ code: 'HF6004', at: { file: 'tokens', line } });
    expect(error.message).not.toContain('admi-admi');
  });

  it('refuses a file without tokens: it would let nobody in', () => {
    expect(codeOf(() => parseTokenFile('# none\n', 't')).code).toBe('HF6007');
  });
});

describe('authentication', () => {
  const tokens = parseTokenFile(FILE, 't');

  it('knows the caller by token', () => {
    expect(authenticate('Bearer oper-oper-oper-oper', tokens)).toEqual({ role: 'operator', name: 'ann' });
    expect(authenticate('bearer view-view-view-view', tokens)).toEqual({ role: 'viewer', name: 'wall' });
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic oper-oper-oper-oper',
    'oper-oper-oper-oper',
    'Bearer oper',
    'Bearer oper-oper-oper-oper x',
  ])('refuses %j', (header) => {
    expect(codeOf(() => authenticate(header, tokens)).code).toBe('HF6001');
  });

  it('lets everybody be admin where no tokens are', () => {
    expect(authenticate(undefined, [])).toEqual({ role: 'admin', name: null });
  });

  it('orders the roles', () => {
    const roles = ['viewer', 'operator', 'admin'] as const;
    const allowed = roles.map((role) =>
      roles.map((needed) => {
        try {
          authorize({ role, name: null }, needed);
          return true;
        } catch {
          return false;
        }
      }),
    );
    expect(allowed).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});
