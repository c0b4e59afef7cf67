// Runs inside the page, hence plain JavaScript: the types of the browser are not those of the tests.
// page-checks.ts evaluates this file and then calls one of its functions.

function accessibilityProblems() {
  const problems = [];
  const what = (element) => element.outerHTML.slice(0, 120);
  const operable =
    'a[href], button, input, select, textarea, [tabindex="0"], [role=option], [role=listbox], dialog, nav, aside';
  for (const element of document.querySelectorAll(operable)) {
    if (isVisible(element) && nameOf(element).trim() === '') problems.push(`no name: ${what(element)}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) problems.push(`id twice: ${id}`);
  if (document.querySelectorAll('main').length !== 1) problems.push('not exactly one main');
  if (document.querySelectorAll('h1').length !== 1) problems.push('not exactly one h1');
  if (!document.documentElement.lang) problems.push('no language');
  for (const cell of document.querySelectorAll('th')) {
    if (!cell.scope) problems.push(`header cell without scope: ${what(cell)}`);
  }
  for (const image of document.querySelectorAll('svg')) {
    const hidden = image.closest('[aria-hidden=true]') !== null;
    if (!hidden && !image.getAttribute('aria-label') && !image.querySelector('title')) {
      problems.push(`picture without name: ${what(image)}`);
    }
  }
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) problems.push(`wider than the screen: ${scrollWidth} > ${innerWidth}`);
  return problems;
}

function isVisible(element) {
  const { width, height } = element.getBoundingClientRect();
  const { visibility, display } = getComputedStyle(element);
  return width > 1 && height > 1 && visibility !== 'hidden' && display !== 'none';
}

function nameOf(element) {
  const label = element.getAttribute('aria-label');
  if (label) return label;
  const by = element.getAttribute('aria-labelledby');
  if (by) return document.getElementById(by)?.textContent ?? '';
  if (element.matches('input, select, textarea')) return [...element.labels].map((one) => one.textContent).join(' ');
  return element.textContent ?? '';
}

/** Texts of less than 4.5:1 on what really lies below them. */
function contrastProblems() {
  const rgba = colourReader();
  const problems = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (text === '' || element.closest('svg, .off-screen, .skip, noscript, option') !== null) continue;
    const { width, height } = element.getBoundingClientRect();
    if (width === 0 || height === 0) continue;
    const background = backgroundOf(element, rgba);
    const colour = over(rgba(getComputedStyle(element).color), background);
    const [light, dark] = [luminance(colour), luminance(background)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5)
      problems.add(`${ratio.toFixed(2)}:1 “${text.slice(0, 30)}” ${element.className || element.tagName}`);
  }
  return [...problems];
}

/** Colours are resolved by drawing them, so that color-mix() and light-dark() are honoured. */
function colourReader() {
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const seen = new Map();
  return (colour) => {
    if (!seen.has(colour)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      seen.set(colour, [r, g, b, a / 255]);
    }
    return seen.get(colour);
  };
}

function over(top, below) {
  return [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
}

function backgroundOf(element, rgba) {
  const layers = [];
  for (let at = element; at !== null; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
}

function luminance(colour) {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** What has the focus, and whether that can be seen; null when nothing has it. */
function focusState() {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  // A node of the map draws its focus on its box.
  const box = element.querySelector('.box');
  const drawn = box !== null && Number.parseFloat(getComputedStyle(box).strokeWidth) >= 3;
  const outlined = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
  const name = element.dataset.node ?? element.getAttribute('aria-label') ?? element.textContent ?? '';
  return { name: name.trim(), shown: outlined || drawn };
}

globalThis.pageChecks = { accessibilityProblems, contrastProblems, focusState };
