/**
 * Pages as hash addresses: `#/service/payments`. The hash, because the built files then work behind any path of any
 * proxy, and a reload never asks the server for a page that it does not know.
 */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'map' }
  | { readonly page: 'proofs' }
  | { readonly page: 'doctor' }
  | { readonly page: 'proof'; readonly id: string }
  | { readonly page: 'service'; readonly name: string }
  | { readonly page: 'incident'; readonly id: string }
  | { readonly page: 'unknown'; readonly path: string };

export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#\/?/, '');
  const [page = '', ...rest] = path.split('/');
  const name = decode(rest.join('/'));
  if (page === '' || page === 'overview') return { page: 'overview' };
  if (page === 'map' && name === '') return { page: 'map' };
  if (page === 'proofs' && name === '') return { page: 'proofs' };
  if (page === 'doctor' && name === '') return { page: 'doctor' };
  if (page === 'proof' && name) return { page: 'proof', id: name };
  if (page === 'service' && name) return { page: 'service', name };
  if (page === 'incident' && name) return { page: 'incident', id: name };
  return { page: 'unknown', path };
}

export function href(route: Exclude<Route, { page: 'unknown' }>): string {
  switch (route.page) {
    case 'overview':
      return '#/';
    case 'map':
      return '#/map';
    case 'proofs':
      return '#/proofs';
    case 'doctor':
      return '#/doctor';
    case 'proof':
      return `#/proof/${encodeURIComponent(route.id)}`;
    case 'service':
      return `#/service/${encodeURIComponent(route.name)}`;
    case 'incident':
      return `#/incident/${encodeURIComponent(route.id)}`;
  }
}

/** null for a broken percent sequence. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
