/**
 * What every page must hold, checked in the browser itself: everything that can be operated has a name, ids are
 * unique, text can be read (contrast 4.5:1 on what really lies below it), nothing is wider than the screen. What
 * needs knowledge of ARIA and HTML at large (roles, names, headers of tables, regions) is axe-core's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from './paths.ts';

const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8');
const IN_PAGE = readFileSync(join(ROOT, 'test/support/in-page.js'), 'utf8');

export interface Focus {
  readonly name: string;
  /** Is it visible that it has the focus? */
  readonly shown: boolean;
}

export function accessibilityProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(`${IN_PAGE}; pageChecks.accessibilityProblems()`);
}

export function contrastProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(`${IN_PAGE}; pageChecks.contrastProblems()`);
}

/** What axe-core calls serious or critical, by WCAG 2.2 A and AA and its own best practices: rule, then where. */
export function axeProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(async () => {
    if (typeof axe === 'undefined') { ${AXE} }
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) => nodes.map(({ target }) => id + ': ' + help + ': ' + target.join(' ')));
  })()`);
}

export function focused(page: Page): Promise<Focus | null> {
  return page.evaluate(`${IN_PAGE}; pageChecks.focusState()`);
}

/** Goes through the page with Tab: everything that had the focus, in that order. */
export async function tabThrough(page: Page, most: number): Promise<readonly Focus[]> {
  const stops: Focus[] = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (at === null) break;
    stops.push(at);
  }
  return stops;
}
