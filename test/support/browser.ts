/** A real headless Chromium, and pages that remember everything a good page must not do. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For what is to appear, on a machine that has much else to do. It costs nothing where it does. */
const PATIENCE_MS = 60_000;

export interface Watched {
  readonly page: Page;
  /** Console errors, uncaught exceptions, breaches of the content policy. */
  readonly errors: string[];
  /** Requests to any other origin. */
  readonly foreign: string[];
  close(): Promise<void>;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'dark' | 'light';
  /** What the console may say: a connection that the test cuts is an error of the browser, not of the page. */
  readonly expected?: RegExp;
}

export async function watchedPage(browser: Browser, origin: string, options: PageOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1_440, height: options.height ?? 900 },
    colorScheme: options.colorScheme ?? 'light',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && !/Content Security Policy/.test(message.text())) return;
    if (options.expected?.test(message.text())) return;
    errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('blob:') && !url.startsWith('data:')) foreign.push(url);
  });
  return { page, errors, foreign, close: () => context.close() };
}

/** Where screenshots go: kept, so that people can look at them. */
export const SHOTS = process.env.HOLDFAST_SHOTS ?? mkdtempSync(join(tmpdir(), 'holdfast-shots-'));
