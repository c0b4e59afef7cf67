import { expect, it } from 'vitest';
import { ProcessTable, parseMark } from './table.ts';

it('is read again only when somebody needs it newer', () => {
  const table = new ProcessTable();
  const first = table.read(performance.now());
  expect(first.some((stat) => stat.pid === process.pid)).toBe(true);
  expect(table.read(0)).toBe(first);
  expect(table.read(performance.now() + 1)).not.toBe(first);
});

it('finds the directory of an instance in an environment', () => {
  expect(parseMark('A=1\0HOLDFAST_INSTANCE_DIR=/x y/data\0B=2\0')).toBe('/x y/data');
  expect(parseMark('A=HOLDFAST_INSTANCE_DIR=/x\0')).toBeNull();
  expect(parseMark('')).toBeNull();
});
