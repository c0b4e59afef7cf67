/**
 * An independent load client: plain node:http with keep-alive, in a process of its own, knowing nothing of what it
 * calls. Open loop at a constant rate: a request is sent when it is due, however slow the answers are, and its latency
 * counts from the moment it was due; otherwise a stall would hide the requests that it kept from being sent.
 *
 *   node load-client.mjs --url http://127.0.0.1:8088 --rate 100 [--seconds 10] [--timeout 10000]
 *                        [--requests '[{"method":"GET","path":"/","weight":1,"body":{}}]'] [--records FILE]
 *                        [--spread]
 *
 * `{n}` in a path becomes the number of the request. Several addresses, separated by commas, take turns. Without
 * --seconds it runs until its input ends. While it runs, a line `{"from": ms, "to": ms}` on its input asks for a summary
 * of the requests due in that time (monotonic milliseconds, as process.hrtime gives them, the same in all processes of
 * one machine); with `"late": ms` also for when the last one was due that failed or took longer than that. It prints
 * JSON lines.
 */
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string' },
    timeout: { type: 'string', default: '10000' },
    requests: { type: 'string', default: '[{"method":"GET","path":"/","weight":1}]' },
    records: { type: 'string' },
    spread: { type: 'boolean', default: false },
  },
});
if (!values.url) throw new Error('--url is required');

const bases = values.url.split(',').map((url) => new URL(url));
const rate = Number(values.rate);
const timeoutMs = Number(values.timeout);
const kinds = JSON.parse(values.requests);
const totalWeight = kinds.reduce((sum, kind) => sum + (kind.weight ?? 1), 0);
// Node takes the connection that was used last; spread, all of them are in use, as those of many clients would be.
const agent = new http.Agent({ keepAlive: true, maxSockets: 512, scheduling: values.spread ? 'fifo' : 'lifo' });
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** [due, latency in ms or null while open, outcome]; outcomes: a status, or an error code, or `timeout`. */
const records = [];

/** Smooth weighted round robin: the mix is the same in every run, without a random number. */
const credit = kinds.map(() => 0);
function nextKind() {
  let best = 0;
  for (let i = 0; i < kinds.length; i++) {
    credit[i] += kinds[i].weight ?? 1;
    if (credit[i] > credit[best]) best = i;
  }
  credit[best] -= totalWeight;
  return kinds[best];
}

function send(dueMs) {
  const record = [dueMs, null, 'open'];
  const number = records.push(record);
  const kind = nextKind();
  const body = kind.body === undefined ? undefined : JSON.stringify(kind.body);
  const settle = (outcome) => {
    if (record[1] !== null) return;
    record[1] = nowMs() - dueMs;
    record[2] = outcome;
    clearTimeout(deadline);
  };
  const base = bases[number % bases.length];
  const request = http.request({
    agent,
    host: base.hostname,
    port: base.port,
    method: kind.method ?? 'GET',
    path: kind.path.replaceAll('{n}', String(number)),
    headers: body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {},
  });
  const deadline = setTimeout(() => {
    settle('timeout');
    request.destroy();
  }, timeoutMs);
  request.on('error', (error) => settle(error.code ?? error.message));
  request.on('response', (response) => {
    response.on('error', (error) => settle(error.code ?? error.message));
    response.on('aborted', () => settle('aborted'));
    response.on('end', () => settle(String(response.statusCode)));
    response.resume();
  });
  request.end(body);
}

const isGood = (outcome) => /^[1-4]\d\d$/.test(outcome);

function summary(fromMs, toMs, lateMs = Number.POSITIVE_INFINITY) {
  const now = nowMs();
  const outcomes = {};
  const latencies = [];
  let failed = 0;
  let open = 0;
  let firstFailureMs = null;
  let lastFailureMs = null;
  let lastLateMs = null;
  let sent = 0;
  for (const [due, latency, outcome] of records) {
    if (due < fromMs || due >= toMs) continue;
    sent += 1;
    if ((latency ?? now - due) > lateMs || (latency !== null && !isGood(outcome))) lastLateMs = due;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (outcome === 'open') {
      open += 1;
      continue;
    }
    if (isGood(outcome)) latencies.push(latency);
    else {
      failed += 1;
      firstFailureMs ??= due;
      lastFailureMs = due;
    }
  }
  latencies.sort((a, b) => a - b);
  const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? null;
  return {
    sent,
    ok: latencies.length,
    failed,
    open,
    failedShare: sent === 0 ? 0 : failed / sent,
    outcomes,
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: latencies.at(-1) ?? null },
    over1s: latencies.filter((latency) => latency > 1_000).length,
    firstFailureMs,
    lastFailureMs,
    lastLateMs,
  };
}

const startedMs = nowMs();
let due = 0;
const pump = setInterval(() => {
  const elapsed = nowMs() - startedMs;
  for (const wanted = Math.floor((elapsed * rate) / 1_000); due < wanted; due++) send(startedMs + (due * 1_000) / rate);
}, 2);

const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function finish() {
  clearInterval(pump);
  const until = nowMs() + timeoutMs;
  while (records.some((record) => record[1] === null) && nowMs() < until) await new Promise((r) => setTimeout(r, 20));
  if (values.records) writeFileSync(values.records, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  process.stdout.write(`${JSON.stringify(summary(0, Number.POSITIVE_INFINITY))}\n`, () => process.exit(0));
}

if (values.seconds) setTimeout(finish, Number(values.seconds) * 1_000);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const { from, to, late } = JSON.parse(line);
  print(summary(from, to, late));
});
input.on('close', () => {
  if (!values.seconds) void finish();
});
process.on('SIGTERM', finish);
