/** The dashboard against a real daemon and a real system: an instance is killed, and the page tells the whole story. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, SHOTS, type Watched, watchedPage } from './support/browser.ts';
import { freePort, TestSystem } from './support/system.ts';

const SERVER = `require('node:http').createServer((q, r) => r.end('ok')).listen(process.env.PORT, () => console.log('listening, pid ' + process.pid))`;

let browser: Browser;
let system: TestSystem;
let directory: string;
let watched: Watched;
let stopLoad: () => void = () => undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-dashboard-'));
  const port = await freePort();
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, spec(port));
  system = await TestSystem.start({ file });
  browser = await launch();
  watched = await watchedPage(browser, system.api.url, { colorScheme: 'dark' });
  stopLoad = load(`http://127.0.0.1:${port}/`);
});

afterAll(async () => {
  stopLoad();
  await browser?.close();
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function spec(port: number): string {
  const service = (name: string, more: string): string => `
  ${name}:
    command: ["node", "-e", ${JSON.stringify(SERVER)}]
    deploy: { replicas: 3 }
    healthcheck: { test: ["HTTP", "GET /"], interval: 500ms, timeout: 1s, retries: 2 }
${more}`;
  return `name: small
services:${service('api', `    ports: ["127.0.0.1:${port}:80"]\n    depends_on: { db: { condition: service_healthy } }\n`)}${service('db', '    expose: ["3000"]\n')}`;
}

/** Twenty requests a second until it is stopped: enough for edges to be measured. */
function load(url: string): () => void {
  const timer = setInterval(
    () =>
      void fetch(url)
        .then((answer) => answer.text())
        .catch(() => undefined),
    50,
  );
  return () => clearInterval(timer);
}

it('kill -9 of an instance appears, is explained, and resolves while one watches', async () => {
  const { page } = watched;
  await page.goto(system.api.url);
  await page.locator('.verdict.healthy').waitFor({ timeout: 60_000 });
  const [sentence] = await page.locator('.verdict').allInnerTexts();
  expect(sentence).toMatch(/healthy/i);
  const { pid } = await system.instance('api-2');
  if (pid === null) throw new Error('api-2 has no pid');
  process.kill(pid, 'SIGKILL');
  const incident = page.locator('main a[href^="#/incident/"]').first();
  await incident.waitFor({ timeout: 60_000 });
  await incident.click();
  await page.locator('.causes .first').waitFor({ timeout: 60_000 });
  await page.screenshot({ path: join(SHOTS, 'live-incident.png') });
  const [cause] = await page.locator('.causes .first').allInnerTexts();
  expect(cause).toMatch(/api-2/);
  await page.locator('.head .badge', { hasText: 'resolved' }).waitFor({ timeout: 60_000 });
  const [stages] = await page.locator('.incident-head .stages').allInnerTexts();
  expect(stages).toMatch(/detected\s*[\d.]+m?s[\s\S]*explained\s*[\d.]+m?s[\s\S]*repaired\s*[\d.]+m?s/);
  await page.screenshot({ path: join(SHOTS, 'live-resolved.png') });
  await page.goto(`${system.api.url}/#/service/api`);
  await page.locator('.instances tr', { hasText: 'api-2' }).locator('text=SIGKILL').waitFor();
  await page.getByRole('button', { name: 'api-2', exact: true }).click();
  await page.locator('.log-lines', { hasText: 'listening, pid' }).waitFor();
  await page.goto(`${system.api.url}/#/map`);
  await page.locator('.label').first().waitFor();
  await page.screenshot({ path: join(SHOTS, 'live-map.png') });
  expect(watched.errors).toEqual([]);
  expect(watched.foreign).toEqual([]);
});

it('an operation from the page changes the system, with the reason in the journal', async () => {
  const { page } = watched;
  await page.goto(`${system.api.url}/#/service/db`);
  await page.getByRole('button', { name: 'Scale' }).click();
  await page.getByLabel('Replicas').fill('2');
  await page.getByLabel('Reason, for the journal').fill('two are enough');
  await page.keyboard.press('Enter');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.getByText('2 of 2 ready').waitFor({ timeout: 60_000 });
  const journal = await system.read((client) => client.journal({ limit: 200 }));
  expect(journal.map(({ why }) => why)).toContain('two are enough');
});

it('kill -9 of Holdfast itself: the page says so, and is live again when it is back', async () => {
  const { page } = watched;
  // A try before this one may have ended in between.
  await system.startServer();
  await page.goto(system.api.url);
  await page.locator('.connection.live').waitFor();
  system.killServer();
  await page.locator('.banner.bad', { hasText: 'Connection lost' }).waitFor({ timeout: 60_000 });
  await system.startServer();
  await page.locator('.connection.live').waitFor({ timeout: 60_000 });
  await page.locator('.verdict.healthy').waitFor({ timeout: 60_000 });
});
