// The first look: is all well, and if not, what, where and how to mend it.
import { owedTo } from './journal.js';
import { ageOf, by, element, keep, nowMs, plain, spanOf, timeOf } from './show.js';
import { inLanguage, say } from './words.js';

/** @param {any} status */
export function drawOverview(status) {
  drawVerdict(status);
  drawTiles(status);
  keep(by('troubles'), status.troubles, troubleKey, troubleContent, 'article', ({ health }) => `card trouble ${health}`);
  const left = status.troublesInAll - status.troubles.length;
  if (left > 0) by('troubles').append(element('p', 'soft', say('moreTroubles', left)));
}

/** @param {any} status */
function drawVerdict({ troubles, gateway, points }) {
  const wrong = troubles.filter((/** @type {any} */ { health }) => health === 'wrong').length;
  const health = wrong > 0 ? 'wrong' : troubles.length > 0 ? 'doubtful' : 'right';
  const words = { right: say('allRight'), doubtful: say('toLook', troubles.length), wrong: say('toMend', wrong) }[health];
  const beside = [say('running', spanOf(nowMs() - gateway.startedMs))];
  if (points.alarms > 0) beside.push(say('siteAlarms', points.alarms));
  by('verdict').className = `verdict ${health}`;
  by('verdict').replaceChildren(
    element('b', 'sign', { right: '✓', doubtful: '!', wrong: '✕' }[health]),
    element('div', '', element('h2', '', words), element('p', '', beside.join(' · '))),
  );
}

/** @param {string} tab @param {string} label @param {string} value @param {string} below @param {string} health */
function tile(tab, label, value, below, health) {
  const made = element('button', `tile ${health}`, element('small', '', label), element('b', '', value), element('span', '', below));
  made.dataset['to'] = tab;
  made.setAttribute('type', 'button');
  return made;
}

/** For whom rows wait, where there are several uplinks and not all of them are owed any. @param {any} journal @param {any[]} uplinks */
function owing(journal, uplinks) {
  const names = uplinks.map(({ name }) => name).filter((name) => owedTo(journal, name).waiting > 0);
  return names.length > 0 && names.length < uplinks.length ? [say('waitingFor', names.map(plain).join(', '))] : [];
}

/** Points that were not heard are not called in order. @param {any} points */
function pointsWord({ total, alarms, abnormal, silent }) {
  if (alarms > 0) return say('inAlarm', alarms);
  return abnormal === 0 && silent > 0 ? say('heardInOrder', total - silent) : say('outOfOrder', abnormal);
}

/** @param {any} status */
function drawTiles({ lines, journal, uplinks, points }) {
  const open = lines.filter((/** @type {any} */ { state }) => state === 'open').length;
  const devices = lines.flatMap((/** @type {any} */ line) => line.devices);
  const up = devices.filter((/** @type {any} */ { link }) => link === 'up').length;
  const lanes = Object.values(journal.lanes);
  const waiting = lanes.reduce((sum, lane) => sum + lane.waiting, 0);
  const ages = lanes.flatMap((lane) => (lane.oldestAgeMs === null ? [] : [lane.oldestAgeMs]));
  const isUp = uplinks.every((/** @type {any} */ { state }) => state === 'up');
  const receipts = uplinks.flatMap((/** @type {any} */ { lastReceiptMs }) => lastReceiptMs ?? []);
  const connected = uplinks.filter((/** @type {any} */ { state }) => state === 'up').length;
  const states = uplinks.length === 1 ? say(`state-${uplinks[0].state}`) : `${connected} / ${uplinks.length} ${say('state-up')}`;
  const receipt = `${say('lastReceipt')} ${receipts.length > 0 ? ageOf(Math.max(...receipts)) : say('never')}`;
  const oldest = ages.length > 0 ? `${say('oldest')} ${spanOf(Math.max(...ages))}` : say('none');
  const tiles = [
    tile(
      'points',
      say('tab-points'),
      pointsWord(points),
      [say('ofPoints', points.total), points.silent > 0 ? say('unheardPoints', points.silent) : ''].filter(Boolean).join(' · '),
      points.alarms > 0 ? 'wrong' : points.abnormal > 0 ? 'doubtful' : points.silent > 0 ? '' : 'right',
    ),
    tile(
      'wires',
      say('wiresOpen'),
      `${open} / ${lines.length} ${say('state-open')}`,
      `${say('devicesUp')} ${up} / ${devices.length}`,
      open < lines.length ? 'wrong' : up < devices.length ? 'doubtful' : 'right',
    ),
    tile('journal', say('uplink'), states, receipt, isUp ? 'right' : 'wrong'),
    tile(
      'journal',
      say('waiting'),
      String(waiting),
      [oldest, ...owing(journal, uplinks)].join(' · '),
      waiting > 0 && !isUp ? 'doubtful' : 'right',
    ),
  ];
  const parent = by('tiles');
  if (parent.children.length !== tiles.length) return parent.replaceChildren(...tiles);
  // The same tiles stay: somebody may be about to touch one.
  for (const [index, made] of tiles.entries()) {
    const shown = /** @type {HTMLElement} */ (parent.children[index]);
    shown.className = made.className;
    shown.replaceChildren(...made.childNodes);
  }
}

/** @param {any} trouble */
function troubleKey({ code, where, detail }) {
  return `${code} ${where} ${code === 'rows-damaged' ? detail : ''}`;
}

/** @param {any} trouble */
function troubleContent({ where, what, remedy, detail, sinceMs }) {
  const head = element('h3', '', inLanguage(what));
  const at = element('p', 'where', element('b', '', plain(where) || say('itself')));
  if (sinceMs !== undefined) at.append(element('small', '', ` ${say('since')} ${timeOf(sinceMs)} · ${ageOf(sinceMs)}`));
  const how = element('p', 'remedy', element('small', '', say('remedy')), element('span', '', inLanguage(remedy)));
  return [head, at, how, ...(detail ? [element('p', 'detail', plain(detail))] : [])];
}
