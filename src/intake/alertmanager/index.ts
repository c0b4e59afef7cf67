/**
 * Alertmanager's webhook (and Grafana's, which is the same with more fields): alerts that others raised, as checks.
 * A firing alert is `warning` when its label severity says so, else `critical`; a resolved one is `ok`. Any path.
 * Alertmanager repeats 5xx and gives up on 4xx.
 *
 * Format: prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4.
 */
import type { CheckReport, CheckState } from '../../model/telemetry.ts';
import type { Intake } from '../contract.ts';
import { type HttpProtocol, type HttpReply, serveHttp } from '../wire/http.ts';
import { flat, isObject, type JsonObject, parseJson, textOf } from '../wire/json.ts';
import { Malformed } from '../wire/protobuf.ts';
import { isoMs } from '../wire/time.ts';

const NAME = 'alertmanager';
/** Labels that name what is wrong, most telling first. */
const SUBJECTS = ['service', 'job', 'app', 'deployment', 'pod', 'instance', 'host', 'node'];
const MILD = new Set(['warning', 'warn', 'info', 'minor', 'low', 'none']);

export const alertmanager: Intake = {
  name: NAME,
  title: 'Alertmanager webhook (and Grafana’s)',
  transport: 'http',
  port: 9095,
  start: (context, options) => {
    const plain = (status: number, body: string): HttpReply => ({ status, type: 'text/plain; charset=utf-8', body });
    const protocol: HttpProtocol = {
      name: NAME,
      port: 9095,
      refuse: (status, message) => plain(status, message),
      handle: ({ method, body }) => {
        try {
          if (method !== 'POST') throw new Malformed('alerts are sent by POST');
          const batch = context.batch(NAME);
          for (const report of alerts(body.toString('utf8'), context.wallMs(), context.limits.maxLabels))
            batch.check(report);
          batch.commit();
          return { status: 200 };
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
          context.meter.dropped(NAME, 'requests', 'malformed', 1);
          return plain(method === 'POST' ? 400 : 405, error.message);
        }
      },
    };
    return serveHttp(context, protocol, options);
  },
};

/** Throws Malformed. */
export function alerts(text: string, wallMs: number, maxLabels: number): CheckReport[] {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.alerts)) throw new Malformed('no list of alerts: is this version 4?');
  return body.alerts.map((alert: unknown, n) => {
    if (!isObject(alert) || !isObject(alert.labels)) throw new Malformed(`alert ${n} has no labels`);
    const labels = flat(alert.labels, maxLabels);
    const annotations = flat(alert.annotations, maxLabels);
    const subject = SUBJECTS.map((name) => labels[name]).find((value) => value !== undefined && value !== '') ?? '';
    const state = stateOf(alert, labels.severity ?? '');
    return {
      wallMs: isoMs(state === 'ok' ? alert.endsAt : alert.startsAt, wallMs),
      subject,
      check: labels.alertname ?? textOf(body.receiver),
      state,
      text: annotations.summary ?? annotations.description ?? annotations.message ?? '',
      labels: { ...labels, fingerprint: textOf(alert.fingerprint) },
    };
  });
}

function stateOf(alert: JsonObject, severity: string): CheckState {
  if (alert.status === 'resolved') return 'ok';
  if (alert.status !== 'firing') return 'unknown';
  return MILD.has(severity.toLowerCase()) ? 'warning' : 'critical';
}
