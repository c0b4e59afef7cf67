import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../model/errors.ts';
import { type Kind, parseFormat, pickById, renderList, table } from './output.ts';

interface Ship {
  readonly id: string;
  readonly tons: number;
}
const SHIPS: readonly Ship[] = [
  { id: 'argo', tons: 7 },
  { id: 'argus', tons: 900 },
];
const KIND: Kind<Ship> = {
  columns: [
    { title: 'ID', of: (ship) => ship.id },
    { title: 'TONS', of: (ship) => String(ship.tons), wide: true },
  ],
  name: (ship) => ship.id,
  none: 'No ships.',
};

describe('output', () => {
  it('prints each format', async () => {
    expect(await renderList(SHIPS, KIND, 'table')).toBe('ID\nargo\nargus');
    expect(await renderList(SHIPS, KIND, 'wide')).toBe('ID     TONS\nargo   7\nargus  900');
    expect(await renderList(SHIPS, KIND, 'name')).toBe('argo\nargus');
    expect(JSON.parse(await renderList(SHIPS, KIND, 'json'))).toEqual(SHIPS);
    expect(await renderList(SHIPS, KIND, 'yaml')).toBe('- id: argo\n  tons: 7\n- id: argus\n  tons: 900');
  });

  it('prints nothing as nothing in tables and as an empty list in JSON', async () => {
    expect(await renderList([], KIND, 'table')).toBe('');
    expect(await renderList([], KIND, 'json')).toBe('[]');
  });

  it('refuses an unknown format as wrong usage', () => {
    expect(() => parseFormat('xml')).toThrowError(expect.objectContaining({ code: 'HF7002' }));
    expect(parseFormat('wide')).toBe('wide');
  });

  it('pads columns to the widest cell and leaves no trailing space', () => {
    expect(
      table(
        ['A', 'B'],
        [
          ['long', ''],
          ['x', 'y'],
        ],
      ),
    ).toBe('A     B\nlong\nx     y');
  });

  it('finds by id before prefix, and refuses an ambiguous prefix by naming the candidates', () => {
    const idOf = (ship: Ship) => ship.id;
    expect(pickById(SHIPS, 'argu', idOf, 'ship').id).toBe('argus');
    expect(pickById([...SHIPS, { id: 'arg', tons: 1 }], 'arg', idOf, 'ship').tons).toBe(1);
    expect(() => pickById(SHIPS, 'arg', idOf, 'ship')).toThrowError(
      expect.objectContaining({ code: 'HF7003', message: '"arg" could be argo, argus' }),
    );
    expect(() => pickById(SHIPS, 'x', idOf, 'ship')).toThrowError(HoldfastError);
  });
});
