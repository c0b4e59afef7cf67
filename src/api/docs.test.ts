/** docs/errors.md and docs/api.md say everything that the code says: a code or a route without words fails here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCodeInfo } from '../model/error-codes.ts';
import { ROUTES, type Route } from './routes.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  const sections = new Map(
    read('errors.md')
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.slice(0, 6), section] as const),
  );

  it.each(Object.entries<ErrorCodeInfo>(ERROR_CODES))(
    '%s has its title, what happened and what to do',
    (code, info) => {
      const section = sections.get(code) ?? '';
      expect(section.split('\n')[0]).toBe(`${code}: ${info.title}`);
      expect(section).toMatch(/^\*\*What happened\.\*\* \S/m);
      expect(section.replaceAll('\n', ' ')).toContain(`**What to do.** ${info.remedy}`);
    },
  );

  it('names no code that does not exist', () => {
    expect([...sections.keys()].filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});

describe('docs/api.md', () => {
  const text = read('api.md');

  it.each(Object.values<Route>(ROUTES))(
    '$method $path is described, with its role',
    ({ method, path, role, summary }) => {
      const row = text.split('\n').find((line) => line.includes(`\`${method} ${path}\``)) ?? '';
      expect(row).toContain(`| ${role} | ${summary} |`);
    },
  );

  it('names no route that does not exist', () => {
    const named = [...text.matchAll(/`((?:GET|POST) \/[^\s`]*)`/g)].map((match) => match[1]);
    const known = new Set(Object.values<Route>(ROUTES).map(({ method, path }) => `${method} ${path}`));
    expect(named.filter((name) => !known.has(name as string))).toEqual([]);
  });

  it('states the limits that the server has', () => {
    expect(text).toContain('2 MiB');
    expect(text).toContain('64 live views');
  });
});
