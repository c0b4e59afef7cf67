/**
 * The OpenAPI 3.1 document, generated from the same table and schemas that the server validates with, so that it
 * cannot say something else than the server does. Schemas with a title become components.
 */
import { ErrorSchema } from './model-schemas.ts';
import { ROUTES, type Route } from './routes.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function openApiDocument(version: string): { readonly [key: string]: Json } {
  const components: Record<string, Json> = {};
  const paths: Record<string, Record<string, Json>> = {};
  for (const [id, route] of Object.entries<Route>(ROUTES)) {
    const item = paths[route.path] ?? {};
    item[route.method.toLowerCase()] = operation(id, route, components);
    paths[route.path] = item;
  }
  const error = reference(ErrorSchema, components);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      description: 'Detects, diagnoses and repairs faults of distributed systems, and proves that it does.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: components,
      responses: {
        Error: { description: 'What went wrong and what to do.', content: { 'application/json': { schema: error } } },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(id: string, route: Route, components: Record<string, Json>): Json {
  const parameters = [
    ...parametersOf(route.params, 'path', components),
    ...parametersOf(route.query, 'query', components),
    ...(route.mutates ? [REASON] : []),
  ];
  return {
    operationId: id,
    summary: route.summary,
    'x-role': route.role,
    security: route.role === 'public' ? [] : [{ token: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: reference(route.body, components) } },
          },
        }),
    responses: { 200: success(route, components), default: { $ref: '#/components/responses/Error' } },
  };
}

const REASON: Json = {
  name: 'X-Holdfast-Reason',
  in: 'header',
  required: false,
  description: 'Why, for the audit; used when the body does not say it.',
  schema: { type: 'string' },
};

function success(route: Route, components: Record<string, Json>): Json {
  const { reply } = route;
  switch (reply.kind) {
    case 'json':
      return {
        description: route.summary,
        content: { 'application/json': { schema: reference(reply.schema, components) } },
      };
    case 'text':
      return { description: reply.description, content: { [reply.contentType]: { schema: { type: 'string' } } } };
    case 'events':
      return { description: reply.description, content: { 'text/event-stream': { schema: { type: 'string' } } } };
  }
}

function parametersOf(schema: Route['params'], where: 'path' | 'query', components: Record<string, Json>): Json[] {
  if (schema === null) return [];
  const required = new Set<string>(schema.required);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.has(name),
    schema: reference(property, components),
  }));
}

/** A copy of the schema in which every titled part is a `$ref`; the parts themselves go into `components`. */
function reference(schema: unknown, components: Record<string, Json>): Json {
  const plain = JSON.parse(JSON.stringify(schema)) as Json;
  return lift(plain, components);
}

function lift(node: Json, components: Record<string, Json>): Json {
  if (node === null || typeof node !== 'object') return node;
  if (isArray(node)) return node.map((item) => lift(item, components));
  const copy: Record<string, Json> = {};
  for (const [key, value] of Object.entries(node)) copy[key] = lift(value, components);
  const { title } = node;
  // In a `properties` map `title` would be a schema, never text.
  if (typeof title !== 'string') return copy;
  delete copy.title;
  components[title] = copy;
  return { $ref: `#/components/schemas/${title}` };
}

function isArray(node: Json): node is readonly Json[] {
  return Array.isArray(node);
}
