/** The built dashboard in a real browser, over the real HTTP layer, shown every state that it must be able to show. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import Type from 'typebox';
import Value from 'typebox/value';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as schemas from '../src/api/schemas.ts';
import { launch, type PageOptions, SHOTS, type Watched, watchedPage } from './support/browser.ts';
import { awaitingWorld, degradedWorld, emptyWorld, healthyWorld, type World } from './support/dashboard-fixture.ts';
import { DashboardServer, VIEWER_TOKEN } from './support/dashboard-server.ts';
import { accessibilityProblems, axeProblems, contrastProblems, focused, tabThrough } from './support/page-checks.ts';
import { DIST, ensureBuilt } from './support/paths.ts';

const PAGES = {
  overview: '#/',
  map: '#/map',
  service: '#/service/payments',
  incident: '#/incident/inc-12',
  proofs: '#/proofs',
  proof: '#/proof/proof-5',
  doctor: '#/doctor',
} as const;
const CUT = /net::ERR|Failed to load resource|changes not read/;

let browser: Browser;
let server: DashboardServer;
let watched: Watched | null = null;

beforeAll(async () => {
  ensureBuilt();
  browser = await launch();
});
afterAll(() => browser.close());

beforeEach(async () => {
  server = new DashboardServer(degradedWorld());
  await server.start();
});

afterEach(async () => {
  const seen = watched;
  watched = null;
  await seen?.close();
  await server.stop();
  expect(seen?.errors ?? []).toEqual([]);
  expect(seen?.foreign ?? []).toEqual([]);
});

async function open(hash: string, options: PageOptions = {}): Promise<Page> {
  await watched?.close();
  watched = await watchedPage(browser, server.url, options);
  await watched.page.goto(`${server.url}/${hash}`);
  await watched.page.locator('.verdict').waitFor();
  return watched.page;
}

/** As it is laid out: what is hidden is not there, cells are apart. */
function read(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: the visible text is what is wanted
  return locator.innerText();
}

const text = (page: Page, selector: string): Promise<string> => read(page.locator(selector).first());

describe('the fixture', () => {
  it.each<[string, () => World]>([
    ['healthy', healthyWorld],
    ['degraded', degradedWorld],
    ['awaiting', awaitingWorld],
  ])('%s is what the API could say', (_name, make) => {
    const world = make();
    const check = (schema: Type.TSchema, value: unknown): unknown[] => Value.Errors(schema, value);
    expect(check(schemas.StatusSchema, world.status)).toEqual([]);
    expect(check(Type.Array(schemas.ServiceSchema), world.services)).toEqual([]);
    expect(check(Type.Array(schemas.EdgeSchema), world.edges)).toEqual([]);
    expect(check(Type.Array(schemas.IncidentSchema), world.incidents)).toEqual([]);
    expect(check(Type.Array(schemas.ChangeSchema), world.changes)).toEqual([]);
    expect(check(Type.Array(schemas.EventSchema), world.events)).toEqual([]);
  });
});

describe('the checks of a page', () => {
  it('find what they are for', async () => {
    const page = await open(PAGES.overview);
    await page.evaluate(`
      document.querySelector('.verdict').style.color = '#c8c8c8';
      document.querySelector('.help-button').removeAttribute('aria-label');
      document.querySelector('.help-button').textContent = '';
      document.querySelector('.panel').id = document.querySelector('main').id;
      document.querySelector('.topbar').style.width = '3000px';
      document.querySelector('.skip').style.outline = 'none'`);
    const found = (await accessibilityProblems(page)).join('\n');
    expect(found).toMatch(/no name: .*help-button/);
    expect(found).toMatch(/id twice: main/);
    expect(found).toMatch(/wider than the screen/);
    expect((await contrastProblems(page)).join('\n')).toMatch(/payments is degraded/);
    expect((await tabThrough(page, 1))[0]).toEqual({ name: 'Skip to content', shown: false });
  });
});

describe('the build', () => {
  it('is small, and holds nothing inline', () => {
    const assets = join(DIST, 'dashboard/assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const size = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
    expect(size).toBeLessThan(46_000);
    const page = readFileSync(join(DIST, 'dashboard/index.html'), 'utf8');
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*\bsrc="\.\/)[^>]*>|https?:/);
  });
});

describe.each(['light', 'dark'] as const)('every page in %s', (colorScheme) => {
  it.each(Object.entries(PAGES))('%s renders, is named, and can be read', async (name, hash) => {
    const page = await open(hash, { colorScheme });
    await page.locator('h1').waitFor({ state: 'attached' });
    expect(await text(page, '.verdict')).toBe(server.world.status.sentence);
    expect(await page.locator('main > *').first().getAttribute('class')).toContain('verdict');
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await contrastProblems(page)).toEqual([]);
    expect(await axeProblems(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}.png`), fullPage: true });
  });
});

describe('on a phone', () => {
  it.each(Object.entries(PAGES))('%s fits', async (name, hash) => {
    const page = await open(hash, { width: 360, height: 780 });
    await page.locator('h1').waitFor({ state: 'attached' });
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await axeProblems(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, `${name}-phone.png`) });
  });
});

describe('overview', () => {
  it('says what is wrong, how far it has got, and what it costs', async () => {
    const page = await open(PAGES.overview);
    const card = page.locator('.incident-card');
    expect(await read(card)).toMatch(/payments-2 crashed/);
    expect(await read(card.locator('.stages'))).toMatch(/detected\s*38ms[\s\S]*explained\s*82ms[\s\S]*acted\s*95ms/);
    const body = await text(page, 'main');
    for (const part of ['3 of 2018 requests failed', 'known slow provider', 'shopper has no health check', 'traffic']) {
      expect(body).toContain(part);
    }
    expect(await page.locator('time').first().getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  });

  it('shows what the stream says, without a reload', async () => {
    const page = await open(PAGES.overview);
    server.show(healthyWorld());
    await page.locator('.verdict.healthy').waitFor();
    expect(await text(page, '.verdict')).toBe('All 9 services are healthy.');
    expect(await text(page, 'main')).toContain('Nothing is being repaired and nothing waits for you');
    await page.screenshot({ path: join(SHOTS, 'overview-healthy.png') });
  });

  it('says what to do when there is no system yet', async () => {
    const world = healthyWorld();
    server.world = {
      ...world,
      status: { ...world.status, system: null, health: 'unknown', sentence: 'No system was applied yet.' },
      services: [],
      edges: [],
      incidents: [],
    };
    const page = await open(PAGES.overview);
    expect(await text(page, 'main')).toContain('holdfast up -f compose.yaml');
  });
});

describe('connection', () => {
  it('lost: says since when, greys what is old, and comes back by itself', async () => {
    const page = await open(PAGES.overview, { expected: CUT });
    await page.locator('.connection.live').waitFor();
    await server.stop();
    const banner = page.locator('.banner.bad');
    await banner.waitFor();
    expect(await read(banner)).toMatch(/Connection lost\. Last seen (just now|\d+ s ago); retrying/);
    await expect.poll(() => read(banner)).toMatch(/Last seen [1-9]\d* s ago/);
    expect(await page.locator('.frame').getAttribute('data-stale')).toBe('true');
    expect(await text(page, '.verdict')).toMatch(/^Was:/);
    expect(await page.evaluate("Number(getComputedStyle(document.querySelector('.figures')).opacity)")).toBeLessThan(
      0.7,
    );
    await page.screenshot({ path: join(SHOTS, 'connection-lost.png') });
    server.world = healthyWorld();
    await server.start();
    await page.locator('.verdict.healthy').waitFor({ timeout: 60_000 });
    expect(await banner.count()).toBe(0);
    expect(await page.locator('.frame').getAttribute('data-stale')).toBe('false');
  });

  it('needs a token: asks for it, and keeps it for this tab only', async () => {
    await server.stop();
    server = new DashboardServer(degradedWorld(), { tokens: true });
    await server.start();
    watched = await watchedPage(browser, server.url, { expected: /401|403/ });
    const { page } = watched;
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'This server needs a token' }).waitFor();
    await page.keyboard.type(VIEWER_TOKEN);
    await page.keyboard.press('Enter');
    await page.locator('.verdict').waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    // A viewer may look and not touch: the server's refusal is shown where the user is.
    await page.getByRole('button', { name: 'Stop all' }).click();
    await page.keyboard.press('Enter');
    const refusal = page.locator('dialog .notice.bad');
    await refusal.waitFor();
    expect(await read(refusal)).toMatch(/HF6002[\s\S]*Ask for a token/);
    expect(server.operations).toEqual([]);
  });
});

describe('operations', () => {
  it('approve: says who and why, and posts exactly that', async () => {
    server.world = awaitingWorld();
    const page = await open(PAGES.overview);
    await page.getByRole('link', { name: 'Decide' }).click();
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByLabel('Reason, for the journal').fill('looks right');
    expect(await text(page, '.cli-line code')).toBe("holdfast recover approve act-18 --reason 'looks right'");
    await page.screenshot({ path: join(SHOTS, 'approve.png') });
    await page.locator('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.locator('.toasts p').waitFor();
    expect(server.operations).toEqual([{ command: { kind: 'approve', action: 'act-18' }, why: 'looks right' }]);
  });

  it('override names the guard rail; reject is at hand', async () => {
    server.world = awaitingWorld();
    const page = await open(PAGES.incident);
    await page.getByRole('button', { name: 'Override budget', exact: true }).click();
    await page.getByLabel('Reason, for the journal').fill('payments-2 is gone for good');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Reject', exact: true }).click();
    await page.keyboard.type('not now');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(server.operations.map(({ command }) => command)).toEqual([
      { kind: 'override', action: 'act-19', rail: 'budget' },
      { kind: 'reject', action: 'act-18' },
    ]);
  });

  it('nothing is sent without a reason, or after Esc', async () => {
    const page = await open(PAGES.service);
    await page.getByRole('button', { name: 'Restart', exact: true }).first().click();
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(server.operations).toEqual([]);
  });

  it('scale, silence, roll back and restart of one instance', async () => {
    const page = await open(PAGES.service);
    const confirm = async (): Promise<void> => {
      await page.getByLabel('Reason, for the journal').fill('test');
      await page.keyboard.press('Enter');
      await page.locator('dialog').waitFor({ state: 'detached' });
    };
    await page.getByRole('button', { name: 'Scale' }).click();
    await page.getByLabel('Replicas').fill('5');
    await confirm();
    await page.getByRole('button', { name: 'Silence' }).click();
    await page.getByLabel('For', { exact: true }).selectOption('1 hour');
    await confirm();
    await page.getByRole('button', { name: 'Roll back' }).first().click();
    await confirm();
    await page.getByRole('button', { name: 'Restart payments-2', exact: true }).click();
    await confirm();
    expect(server.operations.map(({ command }) => command)).toEqual([
      { kind: 'scale', service: 'payments', replicas: 5 },
      { kind: 'silence', service: 'payments', forMs: 3_600_000 },
      { kind: 'rollback', service: 'payments', change: 'chg-2' },
      { kind: 'restart', service: 'payments', instance: 'payments-2' },
    ]);
  });

  it('stop all takes two keys; the banner stays until it is resumed', async () => {
    const page = await open(PAGES.map);
    await page.keyboard.press('Shift+S');
    await page.locator('dialog').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    const world = degradedWorld();
    server.show({ ...world, status: { ...world.status, automationStopped: true } });
    await page.getByText('Automation stopped.').waitFor();
    expect(await contrastProblems(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, 'stopped.png') });
    await page.locator('.topbar').getByRole('button', { name: 'Resume' }).click();
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(server.operations.map(({ command }) => command.kind)).toEqual(['stop-all', 'resume']);
  });

  it('copy as CLI copies the line', async () => {
    server.world = awaitingWorld();
    const page = await open(PAGES.incident);
    await page.getByRole('button', { name: 'Copy as command line: approve restart payments-2' }).click();
    await page.locator('.toasts p').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('holdfast recover approve act-18');
  });

  it('the postmortem downloads as Markdown', async () => {
    const page = await open(PAGES.incident);
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Postmortem' }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('postmortem-inc-12.md');
    const content = readFileSync(await download.path(), 'utf8');
    expect(content).toMatch(/^# payments-2 crashed\n[\s\S]*process killed[\s\S]*## Timeline/);
  });
});

describe('by keyboard alone', () => {
  it('every stop is visible, and the skip link comes first', async () => {
    for (const hash of Object.values(PAGES)) {
      const page = await open(hash);
      const stops = await tabThrough(page, 80);
      expect(stops[0]?.name).toBe('Skip to content');
      expect(stops.length).toBeGreaterThan(20);
      expect(stops.filter(({ shown }) => !shown)).toEqual([]);
    }
  });

  it('palette: finds, moves, opens; Esc gives focus back', async () => {
    const page = await open(PAGES.overview);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('paym');
    expect(await text(page, '[role=option][aria-selected=true]')).toMatch(/^payments/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, 'palette.png') });
    await page.keyboard.press('ArrowDown');
    const active = await page.locator('[role=combobox]').getAttribute('aria-activedescendant');
    expect(active).toBe('palette-1');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.keyboard.type('restart orders-1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Restart orders-1?' }).waitFor();
  });

  it('g o, g m, g i, ? and the log search', async () => {
    const page = await open(PAGES.overview);
    const hash = (): string => new URL(page.url()).hash;
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await expect.poll(hash).toBe('#/map');
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await expect.poll(hash).toBe('#/incident/inc-12');
    await expect.poll(() => page.title()).toBe('Incident inc-12 · shop · Holdfast');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await expect.poll(hash).toBe('#/');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`${server.url}/${PAGES.service}`);
    await page.locator('.log-lines > div').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('"request":7}');
    await expect.poll(() => page.locator('.log-lines mark').count()).toBe(1);
  });

  it('arrows go through rows and over the map, Enter opens', async () => {
    const page = await open(PAGES.overview);
    const name = async (): Promise<string | undefined> => (await focused(page))?.name;
    await page.locator('main td a', { hasText: 'gateway' }).focus();
    await page.keyboard.press('ArrowDown');
    expect(await name()).toBe('catalog');
    await page.keyboard.press('End');
    expect(await name()).toBe('shopper');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'gateway', level: 1 }).waitFor();
    await page.goto(`${server.url}/${PAGES.map}`);
    await page.locator('[data-node=gateway]').focus();
    expect(await text(page, '.map-details')).toMatch(/gateway[\s\S]*2 of 2 ready/);
    await page.keyboard.press('ArrowRight');
    const right = await name();
    expect(['catalog', 'orders', 'cart']).toContain(right);
    await page.keyboard.press('ArrowLeft');
    expect(['gateway', 'shopper']).toContain(await name());
    await page.keyboard.press('Enter');
    await page.locator('h1').waitFor();
    await expect.poll(() => new URL(page.url()).hash).toMatch(/^#\/service\//);
  });
});

describe('proof on demand', () => {
  it('says what was proved of a diagnosis, and what would be done to whom, before anything is', async () => {
    const page = await open(PAGES.incident);
    const panel = page.locator('.panel', { hasText: 'By injecting it elsewhere' });
    await panel.getByRole('button', { name: 'Prove elsewhere …' }).click();
    const dialog = page.getByRole('dialog');
    expect(await read(dialog)).toMatch(
      /kill on payments-1 \(a twin of the accused\) once[\s\S]*Predicted: payments is crashed/,
    );
    expect(await text(page, '.cli-line')).toContain('holdfast diagnose inc-12 --prove --elsewhere');
    await dialog.getByRole('button', { name: 'Break it' }).click();
    expect(server.experiments).toEqual([]);
    await dialog.getByLabel('Reason, for the journal').fill('is it the kill?');
    await dialog.getByRole('button', { name: 'Break it' }).click();
    await page.getByRole('heading', { name: 'cause of inc-12: kill on payments-1' }).waitFor();
    const run = { kind: 'cause', incident: 'inc-12', on: null };
    expect(server.experiments).toEqual([{ run, dryRun: false, environment: {}, why: 'is it the kill?' }]);
    expect(await text(page, 'main')).toContain('users lost 12 of 640 requests');
  });

  it('begins an experiment from the grid, and a finding of the audit as one', async () => {
    const page = await open(PAGES.proofs);
    await page.getByRole('button', { name: 'Try pause on store' }).click();
    expect(await read(page.getByRole('dialog'))).toContain('pause, on one instance of store');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('button', { name: 'Try cpu on store' }).count()).toBe(0);
    await page.goto(`${server.url}/${PAGES.doctor}`);
    await page.getByRole('button', { name: 'Prove single-instance/store', exact: true }).click();
    expect(await read(page.getByRole('dialog'))).toMatch(
      /kill on one instance of store[\s\S]*doctor --prove single-instance\/store/,
    );
  });

  it('begins nothing while one is under way, and says so', async () => {
    const page = await open(PAGES.proofs);
    server.show({ ...degradedWorld(), proving: true });
    await page.getByText('One experiment at a time: one is under way.').waitFor();
    expect(await page.getByRole('button', { name: 'Run …', exact: true }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: /^Try / }).count()).toBe(0);
  });
});

describe('before anything was applied', () => {
  it.each(Object.entries({ overview: '#/', map: '#/map', proofs: '#/proofs', doctor: '#/doctor' }))(
    '%s says so',
    async (_name, hash) => {
      server.show(emptyWorld());
      const page = await open(hash);
      expect(await text(page, '.verdict')).toBe('No system is declared yet.');
      expect(await accessibilityProblems(page)).toEqual([]);
    },
  );
});

describe('map', () => {
  it('shows every service with its health in words, and every edge with its figures', async () => {
    const page = await open(PAGES.map);
    expect(await page.locator('[data-node]').count()).toBe(9);
    expect(await page.locator('[data-node=payments]').getAttribute('aria-label')).toBe(
      'payments 2.1 % err: degraded, 2 of 3 ready, 9.3/s, 2.1 % errors',
    );
    expect(await page.locator('.label').count()).toBe(14);
    expect(await page.locator('.label.degraded').textContent()).toBe('9.3/s 2.1%! 212ms');
    expect(await page.locator('main table tbody tr').count()).toBe(14);
    await page.locator('[data-node=orders]').hover();
    await page.locator('.node.dim').first().waitFor();
    await page.locator('[data-node=payments]').click();
    await page.getByRole('heading', { name: 'payments', level: 1 }).waitFor();
  });

  it('numbers are live', async () => {
    const page = await open(PAGES.map);
    const world = degradedWorld();
    const edges = world.edges.map((edge) =>
      edge.callee === 'catalog' && edge.traffic ? { ...edge, traffic: { ...edge.traffic, requestsPerSec: 777 } } : edge,
    );
    server.show({ ...world, edges });
    await page.locator('.label', { hasText: '777/s' }).waitFor();
  });
});

describe('service', () => {
  it('shows the series of a symptom with its baseline, and where it left that', async () => {
    const page = await open(PAGES.service);
    const figure = page.locator('.symptom-figure');
    await figure.waitFor();
    expect(await figure.locator('path').count()).toBe(3);
    expect(await figure.locator('title').textContent()).toBe(
      'queue_depth: 4 orders to 70 orders, last 70 orders; against the most similar past, which ended 2h earlier; left it 20s before the last value',
    );
  });

  it('shows its instances, and what the last one wrote before it died', async () => {
    const page = await open(PAGES.service);
    const row = page.locator('.instances tr', { hasText: 'payments-2' });
    expect(await read(row)).toMatch(/starting[\s\S]*SIGKILL/);
    await row.getByRole('button', { name: /Last exit/ }).click();
    expect(await text(page, '.unfolded')).toMatch(/killed from outside[\s\S]*o-8813/);
    expect(await read(page.locator('.instances tr', { hasText: 'payments-1' }))).toContain('149 MiB / 160 MiB');
  });

  it('follows the log, pauses without losing lines, and searches', async () => {
    const page = await open(PAGES.service);
    const lines = page.locator('.log-lines > div');
    await expect.poll(() => lines.count()).toBe(40);
    server.log('a fresh line');
    await page.locator('.log-lines', { hasText: 'a fresh line' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    server.log('while paused');
    await page.getByRole('button', { name: 'Follow (1 new)' }).waitFor();
    expect(await read(page.locator('.log-lines'))).not.toContain('while paused');
    await page.getByRole('button', { name: 'Follow (1 new)' }).click();
    await page.locator('.log-lines', { hasText: 'while paused' }).waitFor();
    await page.getByLabel('Search in the log').fill('fresh');
    await expect.poll(() => lines.count()).toBe(1);
  });

  it('is plain about what does not exist', async () => {
    const page = await open('#/service/nothing');
    expect(await text(page, 'main')).toContain('There is no service “nothing”');
    await page.goto(`${server.url}/#/nowhere`);
    await page.getByText('There is no page “nowhere”').waitFor();
  });
});

describe('theme', () => {
  it('follows the system, and the toggle is kept over a reload', async () => {
    const page = await open(PAGES.overview, { colorScheme: 'light' });
    const background = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: /^Theme: system/ }).click();
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.locator('.verdict').waitFor();
    expect(await background()).toBe(dark);
  });
});

describe('content policy', () => {
  it('is enforced: what somebody would inject is not run', async () => {
    const page = await open(PAGES.overview, { expected: /Content Security Policy|violates the following/ });
    const ran = await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.body.append(script);
      'injected' in window`);
    expect(ran).toBe(false);
  });
});
