/** The document is sound in itself and says what the table says. */
import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { ROUTES, type Route } from './routes.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = JSON.parse(JSON.stringify(openApiDocument('1.2.3'))) as {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
};

function* nodes(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) yield node as Record<string, unknown>;
  for (const child of Object.values(node)) yield* nodes(child);
}

function resolve(ref: string): unknown {
  let node: unknown = document;
  for (const part of ref.replace(/^#\//, '').split('/')) node = (node as Record<string, unknown> | undefined)?.[part];
  return node;
}

describe('the OpenAPI document', () => {
  it('is of version 3.1 and says which version of Holdfast it describes', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
  });

  it('has every route of the table and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${operationId}: ${method.toUpperCase()} ${path}`),
    );
    const table = Object.entries<Route>(ROUTES).map(([id, { method, path }]) => `${id}: ${method} ${path}`);
    expect(described.sort()).toEqual(table.sort());
  });

  it('resolves every reference', () => {
    const refs = [...nodes(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect(refs.length).toBeGreaterThan(30);
    for (const ref of refs) expect(resolve(ref), ref).toBeTypeOf('object');
  });

  it('declares exactly the parameters of each path, and bodies and errors', () => {
    for (const [path, item] of Object.entries(document.paths)) {
      for (const operation of Object.values(item)) {
        const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
        const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        expect(inPath.map(({ name }) => name).sort(), path).toEqual(names.sort());
        expect(inPath.every(({ required }) => required)).toBe(true);
        expect(operation.responses).toHaveProperty('default.$ref');
        expect(operation.responses).toHaveProperty('200');
        const route = ROUTES[operation.operationId as keyof typeof ROUTES] as Route;
        expect(operation.requestBody !== undefined, path).toBe(route.body !== null);
        expect(operation.security.length === 0, path).toBe(route.role === 'public');
      }
    }
  });

  it('names resources once and leaves no title inside', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'Status',
        'Service',
        'Instance',
        'Edge',
        'Incident',
        'Cause',
        'Error',
        'OperatorCommand',
      ]),
    );
    for (const node of nodes(document.components.schemas)) expect(node.title).not.toBeTypeOf('string');
    expect(document.components.schemas.Incident).toHaveProperty('properties.title.type', 'string');
  });
});
