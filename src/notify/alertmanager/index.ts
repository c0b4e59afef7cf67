/**
 * Hands pages to a Prometheus Alertmanager as alerts, which it groups, silences and routes to people. It forgets an
 * alert that nobody repeats, so a page is said again every minute while its incident lasts.
 *
 * What is silenced here is silenced there too, and no longer than here.
 *
 * Several Alertmanagers that form a cluster are given one by one, as Prometheus does: they agree among themselves.
 */
import { Poster } from '../http.ts';
import type { NotifierKind } from '../kind.ts';
import { alertOf } from './alerts.ts';
import { reconcile } from './silences.ts';

/**
 * Pause between repetitions. Longer: an Alertmanager that was started anew learns later what is wrong. Shorter: more
 * requests.
 */
export const DEFAULT_REPEAT_MS = 60_000;
/** An alert outlives so many repetitions that did not come, as Prometheus' do: a restart of ours ends none. */
export const HOLD_REPEATS = 4;

export const alertmanager: NotifierKind = {
  name: 'alertmanager',
  title: 'Prometheus Alertmanager, through its API v2',
  examples: ['alertmanager+http://HOST:9093', 'alertmanager+https://HOST/PREFIX'],
  options: { repeat: 'how often an alert is said again while its incident lasts' },
  create(target) {
    const repeatMs = target.options.duration('repeat', DEFAULT_REPEAT_MS, 1_000, 3_600_000);
    const url = new URL(target.url);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
    const silences = new URL(url);
    silences.pathname = silences.pathname.replace(/alerts$/, 'silences');
    const poster = new Poster(target, url);
    return {
      repeatMs,
      deliver(notice, signal) {
        const body = JSON.stringify([alertOf(notice, Date.now(), HOLD_REPEATS * repeatMs)]);
        return poster.post({ body, signal });
      },
      silence: (wanted, holdfast, signal) => reconcile(poster, silences, wanted, holdfast, signal),
    };
  },
};
