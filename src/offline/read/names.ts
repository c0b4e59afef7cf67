/** Names that mean a service, whatever is around them: pods, host names with ports and domains. */

/** `checkout-7d9c5b6f4-x2x9z`, `redis-0`, `payments.shop.svc.cluster.local:8080` → the service's own name. */
export function serviceOfName(name: string): string {
  let plain = name.trim().replace(/^[a-z]+:\/\//i, '');
  if (!/^[\d.]+(:\d+)?$/.test(plain)) {
    plain = plain.replace(/:\d+$/, '');
    plain = plain.replace(/\.svc(\.cluster\.local)?$/, '.svc').replace(/^([^.]+)\.[^.]+\.svc$/, '$1');
  }
  return serviceOfPod(plain);
}

/** Kubernetes' names of pods: a deployment's (`-<replica set>-<5>`), a daemon set's (`-<5>`), a stateful set's (`-<n>`). */
export function serviceOfPod(pod: string): string {
  const deployment = /^(.+?)-[bcdf0-9][bcdfghjklmnpqrstvwxz0-9]{5,9}-[bcdfghjklmnpqrstvwxz2456789]{5}$/.exec(pod);
  if (deployment) return deployment[1] as string;
  const stateful = /^(.*[a-z].*?)-\d{1,3}$/.exec(pod);
  return stateful ? (stateful[1] as string) : pod;
}

/** ms since 1970 of a number in s, ms, µs or ns, or of a date; NaN when it is neither. Dates without a zone are UTC. */
export function timeOf(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') return Number.NaN;
  if (/^-?\d+(\.\d+)?(e\+?\d+)?$/i.test(trimmed)) {
    const value = Number(trimmed);
    const size = Math.abs(value);
    if (size >= 1e17) return value / 1e6;
    if (size >= 1e14) return value / 1e3;
    return size >= 1e11 ? value : value * 1e3;
  }
  const date = trimmed
    .replace(/^(\d{4})[/](\d\d)[/](\d\d)/, '$1-$2-$3')
    .replace(/^(\d{4}-\d\d-\d\d)[ T]/, '$1T')
    .replace(',', '.');
  return Date.parse(/(Z|[+-]\d\d:?\d\d|[A-Z]{3})$/.test(date) || !/T\d/.test(date) ? date : `${date}Z`);
}
