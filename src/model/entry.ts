/**
 * Where a sibling program's built entry file lies. Holdfast starts its own parts (server, traffic) as processes of
 * `process.execPath`; from dist that is the file beside, from source (tests) it is the same file under dist.
 */
export function builtEntry(importMetaUrl: string, relative: string): string {
  const url = new URL(relative, importMetaUrl);
  const path = decodeURIComponent(url.pathname);
  if (!importMetaUrl.endsWith('.ts')) return path;
  const root = path.lastIndexOf('/src/');
  return `${path.slice(0, root)}/dist${path.slice(root)}`.replace(/\.ts$/, '.js');
}
