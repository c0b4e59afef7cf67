// How the dashboard is built: relative asset paths (it may sit behind a path of a proxy), nothing inlined (the server's
// content policy allows no inline script or style), browsers of 2024 and later (light-dark(), nesting).
import { defineConfig } from 'vite';

const api = 'http://127.0.0.1:7420';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: ['chrome125', 'firefox128', 'safari18'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npx vite dashboard` against a running daemon: it only answers calls that come from its own origin.
  server: { proxy: { '/v1': { target: api, changeOrigin: true, headers: { origin: api } } } },
});
