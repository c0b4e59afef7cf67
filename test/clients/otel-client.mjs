// One request of a small shop, told by a real OpenTelemetry SDK: an entry, a call to a database-like peer, a call that
// failed, a counter, a histogram and a log line. Where it goes is in the SDK's own environment variables.
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';

const only = process.env.ONLY?.split(',') ?? ['traces', 'metrics', 'logs'];
for (const kind of ['traces', 'metrics', 'logs'])
  process.env[`OTEL_${kind.toUpperCase()}_EXPORTER`] ??= only.includes(kind) ? 'otlp' : 'none';
process.env.OTEL_METRIC_EXPORT_INTERVAL ??= '60000';

const sdk = new NodeSDK({
  resource: resources.resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'shop-1' }),
  autoDetectResources: false,
});
sdk.start();

const tracer = trace.getTracer('test');
tracer.startActiveSpan('POST /order', { kind: SpanKind.SERVER }, (entry) => {
  tracer
    .startSpan('debit', { kind: SpanKind.CLIENT, attributes: { 'peer.service': 'bank', 'http.method': 'POST' } })
    .end();
  const failed = tracer.startSpan('pay', {
    kind: SpanKind.CLIENT,
    attributes: { 'server.address': 'pay', 'server.port': 8080 },
  });
  failed.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' });
  failed.end();
  entry.end();
});
const meter = metrics.getMeter('test');
meter.createCounter('orders', { unit: '1' }).add(3, { kind: 'book' });
meter.createHistogram('took', { unit: 'ms' }).record(12);
logs.getLogger('test').emit({ severityNumber: 17, body: 'payment refused', attributes: { order: 17 } });
await sdk.shutdown();
