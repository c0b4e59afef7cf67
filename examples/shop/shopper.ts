/**
 * The shop's customers: a steady RATE of requests per second, six parts browsing, three filling carts, one checking
 * out. Open loop: a slow shop does not slow its customers down, which is how an overload feels in life. Every ten
 * seconds it says how it went.
 */
import http from 'node:http';

const base = process.env.GATEWAY_URL ?? 'http://127.0.0.1:8088';
const ratePerSec = Number(process.env.RATE ?? 50);
const TIMEOUT_MS = 8_000;
const MAX_IN_FLIGHT = 400;
const pool = new http.Agent({ keepAlive: true });
const run = process.pid.toString(36) + Date.now().toString(36);
let inFlight = 0;
let good = 0;
let bad = 0;
let skipped = 0;
let orders = 0;

function shop(method: string, path: string, body?: object): void {
  if (inFlight >= MAX_IN_FLIGHT) {
    skipped += 1;
    return;
  }
  inFlight += 1;
  let settled = false;
  const settle = (ok: boolean): void => {
    if (settled) return;
    settled = true;
    inFlight -= 1;
    if (ok) good += 1;
    else bad += 1;
  };
  const text = body && JSON.stringify(body);
  const headers = text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {};
  const request = http.request(new URL(path, base), { method, agent: pool, headers, timeout: TIMEOUT_MS });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', () => settle(false));
  request.on('response', (response) => {
    response.resume();
    response.on('end', () => settle((response.statusCode ?? 0) < 500));
    response.on('error', () => settle(false));
  });
  request.end(text);
}

function once(): void {
  const cart = `c${Math.floor(Math.random() * 200)}`;
  const sku = `p${1 + Math.floor(Math.random() * 40)}`;
  const dice = Math.random() * 10;
  if (dice < 2) shop('GET', '/products');
  else if (dice < 6) shop('GET', `/products/${sku}`);
  else if (dice < 7) shop('GET', `/carts/${cart}`);
  else if (dice < 9) shop('PUT', `/carts/${cart}/items/${sku}`, { count: 1 + Math.floor(Math.random() * 3) });
  else shop('PUT', `/orders/${run}-${++orders}`, { cart });
}

// Due times are absolute: a late timer is made up for, so the rate holds.
const startedAt = performance.now();
let due = 0;
const pump = setInterval(() => {
  const wanted = Math.floor(((performance.now() - startedAt) / 1_000) * ratePerSec);
  for (; due < wanted; due++) once();
}, 10);
const report = setInterval(() => {
  process.stdout.write(`served ${good}, failed ${bad}, given up ${skipped}, in flight ${inFlight}\n`);
  good = bad = skipped = 0;
}, 10_000);
process.on('SIGTERM', () => {
  clearInterval(pump);
  clearInterval(report);
  pool.destroy();
  process.exit(0);
});
