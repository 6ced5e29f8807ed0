// The points: what stands first, then who spoke last.
import { get } from './link.js';
import { addressOf, by, componentOf, element, heardOf, keep, plain } from './show.js';
import { happeningOf, nameOf, say, unitOf } from './words.js';

const PER_PAGE = 50;
const SHOWS = ['all', 'abnormal', 'silent'];
const RED = new Set(['fire', 'first-fire', 'manual-call-point']);
const AMBER = new Set(['gas-alarm', 'electrical-alarm', 'prealarm', 'water-release', 'low', 'high', 'supervisory']);
const YELLOW = new Set(['fault', 'main-power', 'backup-power', 'bus', 'battery-low', 'removed', 'tilt', 'sensor-failed', 'offline']);

let show = 'all';
let offset = 0;
/** @type {any} */
let answer = null;

export async function loadPoints() {
  const search = /** @type {HTMLInputElement} */ (by('search')).value;
  const query = new URLSearchParams({ show, search, offset: String(offset), max: String(PER_PAGE) });
  answer = await get(`/api/points?${query}`);
  if (offset > 0 && offset >= answer.found) {
    offset = 0;
    return loadPoints();
  }
  drawPoints();
}

export function drawPoints() {
  /** @type {HTMLInputElement} */ (by('search')).placeholder = say('searchPoints');
  const { total = 0, abnormal = 0, silent = 0, found = 0, points = [] } = answer ?? {};
  const numbers = /** @type {Record<string, number>} */ ({ all: total, abnormal, silent });
  keep(
    by('show'),
    SHOWS,
    (name) => name,
    (name) => [new Text(say(`show-${name}`, numbers[name]))],
    'button',
    (name) => `chip pick${name === show ? ' picked' : ''}`,
  );
  if (points.length === 0) by('point-list').replaceChildren(element('li', 'soft', say('noPoints')));
  else keep(by('point-list'), points, pointKey, pointContent, 'li', (point) => `point ${colourOf(point)}`);
  by('back').textContent = say('back');
  by('forth').textContent = say('forth');
  by('range').textContent = found === 0 ? '' : say('range', `${offset + 1}–${Math.min(found, offset + PER_PAGE)} / ${found}`);
  /** @type {HTMLButtonElement} */ (by('back')).disabled = offset === 0;
  /** @type {HTMLButtonElement} */ (by('forth')).disabled = offset + PER_PAGE >= found;
}

/** @param {any} point */
function pointKey({ source, part, register, address }) {
  return JSON.stringify([source, part, register, address]);
}

/** @param {any} point */
function colourOf({ states, measured, heardMs }) {
  if (states.some((/** @type {string} */ state) => RED.has(state))) return 'red';
  if (states.some((/** @type {string} */ state) => AMBER.has(state))) return 'amber';
  if (states.some((/** @type {string} */ state) => YELLOW.has(state)) || (measured && measured.quality !== 'good')) return 'yellow';
  return heardMs === null ? 'silent' : 'green';
}

/** @param {any} point */
export function nameOfPoint({ place, source, address, register }) {
  return plain(place ?? '') || [plain(source), register ? plain(register) : addressOf(address)].filter(Boolean).join(' ');
}

/** @param {any} point */
function pointContent(point) {
  const { source, part, address, register, states, statesBefore, measured, heardMs, text, said, isConfigured } = point;
  const origin = [plain(source), addressOf(address), register ? plain(register) : '', componentOf(part)].filter(Boolean).join(' · ');
  const flags = states.map((/** @type {string} */ state) => element('span', `chip flag ${flagColour(state)}`, nameOf('states', state)));
  if (said?.isTest) flags.push(element('span', 'chip test', say('test')));
  if (statesBefore)
    flags.push(
      element('span', 'chip', say('sinceBefore', statesBefore.map((/** @type {string} */ state) => nameOf('states', state)).join(' '))),
    );
  if (!isConfigured) flags.push(element('span', 'chip', say('notConfigured')));
  if (flags.length === 0 && heardMs !== null) flags.push(element('span', 'chip ok', say('normal')));
  const word = said ? happeningOf(said.kind, said.edge) : '';
  return [
    element('div', 'heading', element('b', 'place', nameOfPoint(point)), element('span', 'when', heardOf(heardMs))),
    element('p', 'soft', origin),
    element('div', 'chips', ...flags, word ? element('span', 'word', word) : null, measured ? valueElement(measured) : null),
    ...(text ? [element('p', 'detail', plain(text))] : []),
  ];
}

/** @param {string} state */
function flagColour(state) {
  return RED.has(state) ? 'red' : AMBER.has(state) ? 'amber' : YELLOW.has(state) ? 'yellow' : '';
}

/** @param {any} measured */
function valueElement({ quantity, value, quality, lowLimit, highLimit }) {
  const number = value === null ? '—' : String(Number(value.toFixed(3)));
  const made = element(
    'span',
    'value',
    element('small', '', nameOf('quantities', quantity)),
    element('b', '', number),
    ` ${unitOf(quantity)}`,
  );
  if (quality !== 'good') made.append(element('em', '', ` ${say(`quality-${quality}`)}`));
  if (lowLimit !== undefined) made.append(element('small', '', ` ${say('low')} ${lowLimit}`));
  if (highLimit !== undefined) made.append(element('small', '', ` ${say('high')} ${highLimit}`));
  return made;
}

export function preparePoints() {
  const load = () => void loadPoints().catch(() => {});
  by('show').addEventListener('click', (event) => {
    const key = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.pick'))?.dataset['key'];
    if (!key) return;
    show = key;
    offset = 0;
    load();
  });
  by('search').addEventListener('input', () => {
    offset = 0;
    load();
  });
  by('back').addEventListener('click', () => {
    offset = Math.max(0, offset - PER_PAGE);
    load();
  });
  by('forth').addEventListener('click', () => {
    offset += PER_PAGE;
    load();
  });
}
