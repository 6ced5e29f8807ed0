// How single things look: elements, times, numbers. Texts from devices go into the page as text and as nothing else.
import { currentLanguage, nameOf, say } from './words.js';

/** Controls, bidi overrides and zero-width characters: a text with them does not read as it is written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A text that somebody else wrote, with deceptive characters made visible.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(DECEPTIVE, '\ufffd');
}

/**
 * An element with text or elements in it; what is empty is left out.
 * @param {string} name
 * @param {string} className
 * @param {...(string | Node | null | undefined)} content
 */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const piece of content) if (piece !== null && piece !== undefined && piece !== '') made.append(piece);
  return made;
}

/** Minutes east of UTC in which times are written; the collector says which. */
let zoneMinutes = 480;

/** @param {number} minutes */
export function takeZone(minutes) {
  zoneMinutes = minutes;
}

export function zoneName() {
  const hours = Math.abs(zoneMinutes) / 60;
  return `UTC${zoneMinutes < 0 ? '−' : '+'}${Number.isInteger(hours) ? hours : hours.toFixed(2)}`;
}

/** @param {number} ms */
function written(ms) {
  const date = new Date(ms + zoneMinutes * 60_000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/**
 * The time of day, with the date where it is not today.
 * @param {number} ms
 */
export function timeOf(ms) {
  const [day = '', time = ''] = written(ms).split('T');
  const isToday = written(Date.now()).startsWith(day);
  return `${isToday ? '' : `${day.slice(5)} `}${time.slice(0, 8)}`;
}

/**
 * A time element: short to read, whole and with its zone on hover.
 * @param {number} ms
 * @param {boolean} [withZone]
 */
export function timeElement(ms, withZone = false) {
  const made = /** @type {HTMLTimeElement} */ (element('time', '', timeOf(ms), withZone ? element('small', '', ` ${zoneName()}`) : null));
  made.dateTime = new Date(ms).toISOString();
  made.title = `${written(ms).replace('T', ' ').slice(0, 23)} ${zoneName()}`;
  return made;
}

/**
 * How long, in the two largest units.
 * @param {number} ms
 */
export function spanOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = currentLanguage() === 'zh' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'min', 's'];
  const counts = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const first = counts.findIndex((count) => count > 0);
  if (first === -1) return `0 ${units[3]}`;
  const shown = counts.map((count, index) => `${count} ${units[index]}`).slice(first, first + 2);
  return shown.join(' ');
}

/**
 * A span that goes on counting since a moment; page.js keeps it current.
 * @param {number} sinceMs
 * @param {'elapsed' | 'ago'} manner
 */
export function counting(sinceMs, manner) {
  const made = element('span', 'counting');
  made.dataset['since'] = String(sinceMs);
  made.dataset['manner'] = manner;
  count(made);
  return made;
}

/** @param {HTMLElement} counted an element made by `counting` */
export function count(counted) {
  const span = spanOf(Date.now() - Number(counted.dataset['since']));
  counted.textContent = counted.dataset['manner'] === 'ago' ? say('ago', span) : `${say('elapsed')} ${span}`;
}

/** @param {Record<string, string | number | undefined> | undefined} address */
export function addressOf(address) {
  const order = ['controller', 'loop', 'zone', 'channel', 'point', 'device'];
  const parts = order.flatMap((field) => (address?.[field] === undefined ? [] : [say(`address-${field}`, plain(String(address[field])))]));
  return parts.join(currentLanguage() === 'zh' ? '' : ' · ');
}

/** @param {{ component?: { type: number } } | undefined} part */
export function componentOf(part) {
  return part?.component && part.component.type !== 0 ? nameOf('components', part.component.type) : '';
}

/** At most three decimals, none that say nothing. @param {number} value */
export function numberOf(value) {
  return String(Number(value.toFixed(3)));
}

/** @param {boolean} isTest */
export function testTag(isTest) {
  return isTest ? element('span', 'tag test', say('test')) : null;
}
