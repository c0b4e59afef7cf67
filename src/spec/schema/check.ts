/** A health check: Compose's `test`, or one of Holdfast's own kinds. The same keys serve `readiness`. */
import { bool, dict, duration, either, integer, list, matching, object, type Shape, text } from '../shape.ts';

const portName = matching('a port number or the name of a port', /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, 'HF1013');
const path = matching('a path that begins with /, or a URL', /^(?:\/|https?:\/\/)/);
const status = matching('a status such as 200, or a range such as 200-399', /^[1-5]\d\d(?:-[1-5]\d\d)?$/);
const threshold = integer(1, 1_000);

/** The kinds; exactly one of these and `test` may be given. */
export const PROBE_KEYS: Readonly<Record<string, Shape>> = {
  http: either(path, object({ port: portName, path, headers: dict(text), status })),
  tcp: either(portName, object({ port: portName })),
  exec: either(text, list(text)),
  nagios: either(text, list(text)),
  grpc: either(portName, object({ port: portName, service: text })),
  ttl: duration,
};

export const check: Shape = object({
  test: either(text, list(text)),
  disable: bool,
  interval: duration,
  timeout: duration,
  retries: threshold,
  successes: threshold,
  start_period: duration,
  start_interval: duration,
  ...PROBE_KEYS,
});
