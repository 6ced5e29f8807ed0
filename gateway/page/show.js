// How single things look. Texts from devices go into the page as text and as nothing else.
import { currentLanguage, nameOf, say } from './words.js';

/** Controls, bidi overrides and zero-width characters: a text with them does not read as it is written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A text that somebody else wrote, with deceptive characters made visible. @param {unknown} text */
export function plain(text) {
  return String(text ?? '').replace(DECEPTIVE, '\ufffd');
}

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const by = (id) => /** @type {T} */ (document.getElementById(id));

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

/**
 * Children that stay the same elements while their things stay: what somebody is about to touch does not move away.
 * @template Thing
 * @param {HTMLElement} parent
 * @param {readonly Thing[]} things
 * @param {(thing: Thing) => string} keyOf
 * @param {(thing: Thing) => Node[]} contentOf
 * @param {string} name
 * @param {(thing: Thing) => string} classOf
 */
export function keep(parent, things, keyOf, contentOf, name, classOf) {
  const known = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset['key'], child]));
  const wanted = things.map((thing) => {
    const key = keyOf(thing);
    const child = /** @type {HTMLElement} */ (known.get(key) ?? document.createElement(name));
    child.dataset['key'] = key;
    child.className = classOf(thing);
    child.replaceChildren(...contentOf(thing));
    return child;
  });
  if (wanted.length === parent.children.length && wanted.every((child, index) => parent.children[index] === child)) return;
  parent.replaceChildren(...wanted);
}

/** What the clock of the box is ahead of ours: ages are told by the box. */
let aheadMs = 0;
let zoneMinutes = 480;

/** @param {number} minutes */
export function takeZone(minutes) {
  zoneMinutes = minutes;
}

/** @param {number} boxMs */
export function takeClock(boxMs) {
  aheadMs = boxMs - Date.now();
}

export const nowMs = () => Date.now() + aheadMs;

/** The time of day on site, with the date where it is not today. @param {number} ms @param {boolean} [withMs] */
export function timeOf(ms, withMs = false) {
  const written = (/** @type {number} */ at) => new Date(at + zoneMinutes * 60_000).toISOString();
  const [day = '', time = ''] = written(ms).split('T');
  const isToday = written(nowMs()).startsWith(day);
  return `${isToday ? '' : `${day.slice(5)} `}${time.slice(0, withMs ? 12 : 8)}`;
}

/** How long, in the two largest units. @param {number} ms */
export function spanOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = currentLanguage() === 'zh' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'min', 's'];
  const counts = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const first = counts.findIndex((count) => count > 0);
  if (first === -1) return `0 ${units[3]}`;
  return counts
    .map((count, index) => `${count} ${units[index]}`)
    .slice(first, first + 2)
    .join(' ');
}

let startedMs = 0;

/** @param {number} ms when the gateway started */
export function takeStart(ms) {
  startedMs = ms;
}

/** Of what is heard on site, which this run may not have heard yet. @param {number | null} ms */
export function heardOf(ms) {
  return ms === null ? say('unheard', startedMs === 0 ? '…' : timeOf(startedMs)) : ageOf(ms);
}

/** @param {number | null | undefined} ms */
export function ageOf(ms) {
  return ms === null || ms === undefined ? say('never') : say('ago', spanOf(nowMs() - ms));
}

/** @param {number} bytes */
export function sizeOf(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** @param {Record<string, string | number | undefined> | null | undefined} address */
export function addressOf(address) {
  const order = ['controller', 'loop', 'zone', 'channel', 'point', 'device'];
  const parts = order.flatMap((field) => (address?.[field] === undefined ? [] : [say(`address-${field}`, plain(address[field]))]));
  return parts.join(currentLanguage() === 'zh' ? '' : ' · ');
}

/** @param {{ component?: { type: number } } | undefined} part */
export function componentOf(part) {
  return part?.component && part.component.type !== 0 ? nameOf('components', part.component.type) : '';
}

/** @param {string} label @param {string | Node} value @param {string} [className] */
export function fact(label, value, className = '') {
  return element('span', `fact ${className}`, element('small', '', label), element('b', '', value));
}

/** Bytes in one of these, which a narrow screen breaks between and never within. */
const GROUP_DIGITS = 8;

/** Hex digits in pairs, four to a group, so that an eye can count them. @param {string} hex @returns {Array<Node | string>} */
export function groups(hex) {
  const digits = hex.match(new RegExp(`.{1,${GROUP_DIGITS}}`, 'g')) ?? [];
  return digits.flatMap((group) => [element('span', 'group', group.replace(/(..)(?=.)/g, '$1 ')), ' ']).slice(0, -1);
}
