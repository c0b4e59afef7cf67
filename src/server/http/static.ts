/**
 * The built dashboard from disk: a handful of files, so a handful of lines. What Vite names by content may be cached
 * for ever; the page itself never. The policy allows nothing from any other host.
 */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { FastifyReply } from 'fastify';
import { HoldfastError } from '../../model/errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Holdfast</title>
<h1>Holdfast runs; its dashboard was not built</h1>
<p>Build it with <code>npm run build</code> and reload this page. The API works without it:
<a href="/v1/status">/v1/status</a>, <a href="/openapi.json">/openapi.json</a>, <a href="/metrics">/metrics</a>.</p>
</html>
`;

/** Serves `path` of the URL from `root`. Paths without an extension are pages of the dashboard: its index. */
export async function serveStatic(root: string, path: string, reply: FastifyReply): Promise<FastifyReply> {
  const page = extname(path) === '';
  const file = inside(root, page ? '/index.html' : path);
  const content = file === null ? null : await readOrNull(file);
  if (content === null && !page) throw new HoldfastError('HF6005', `there is no ${path}`);
  const named = path.startsWith('/assets/') && !page;
  return reply
    .header('content-type', page ? TYPES['.html'] : (TYPES[extname(path)] ?? 'application/octet-stream'))
    .header('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache')
    .send(content ?? NOT_BUILT);
}

/** null for whatever would leave the folder. */
function inside(root: string, path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  const file = normalize(join(root, decoded));
  return file.startsWith(root.endsWith(sep) ? root : root + sep) ? file : null;
}

async function readOrNull(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return null;
    throw error;
  }
}
