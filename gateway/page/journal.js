// The journal and the ways out of it.
import { ageOf, by, element, fact, keep, plain, sizeOf, spanOf, timeOf } from './show.js';
import { say } from './words.js';

/** @param {any} status */
export function drawJournal({ journal, uplinks, rejected }) {
  by('uplinks-title').textContent = say('uplinks');
  by('journal-title').textContent = say('journal');
  by('rejected-title').textContent = say('lastRejected');
  keep(
    by('uplinks'),
    uplinks.map((/** @type {any} */ uplink) => ({ ...uplink, ...owedTo(journal, uplink.name) })),
    ({ name }) => name,
    uplinkContent,
    'article',
    ({ state }) => `card uplink ${state}`,
  );
  const lanes = Object.entries(journal.lanes).map(([lane, numbers]) => ({ lane, ...numbers }));
  keep(
    by('lanes'),
    [...lanes, { lane: 'disk', ...journal.space }],
    ({ lane }) => lane,
    laneContent,
    'article',
    () => 'card',
  );
  if (rejected.length === 0) by('rejected').replaceChildren(element('li', 'soft', say('noRejected')));
  else by('rejected').replaceChildren(...[...rejected].reverse().map(rejectedElement));
}

/** Rows that an uplink has not settled, and those it lost for want of room, over both lanes. @param {any} journal @param {string} name */
export function owedTo(journal, name) {
  /** @param {'waiting' | 'thinned'} what */
  const all = (what) => Object.values(journal.lanes).reduce((sum, { uplinks }) => sum + (uplinks[name]?.[what] ?? 0), 0);
  return { waiting: all('waiting'), thinned: all('thinned') };
}

/** @param {any} uplink */
function uplinkContent(uplink) {
  const {
    name,
    kind,
    state,
    waiting,
    thinned,
    sinceMs,
    lastFailure,
    lastReceiptMs,
    lastRoundTripMs,
    connections,
    rowsSent,
    rowsAccepted,
    rowsRejected,
    rowsUntold,
    rowsOverdue,
  } = uplink;
  const head = element(
    'div',
    'heading',
    element('h3', '', plain(name)),
    element('small', '', plain(kind)),
    element('span', `chip ${state}`, say(`state-${state}`)),
  );
  const numbers = element(
    'div',
    'numbers',
    fact(say('lastReceipt'), ageOf(lastReceiptMs)),
    fact(say('roundTrip'), lastRoundTripMs === null ? '—' : `${Math.round(lastRoundTripMs)} ms`),
  );
  numbers.append(fact(say('waiting'), String(waiting), waiting > 0 ? 'some' : ''));
  numbers.append(fact(say('sent'), String(rowsSent)), fact(say('accepted'), String(rowsAccepted)));
  numbers.append(
    fact(say('rejected'), String(rowsRejected), rowsRejected > 0 ? 'some' : ''),
    ...(kind === 'gb26875' ? [fact(say('untold'), String(rowsUntold))] : []),
    fact(say('overdue'), String(rowsOverdue), rowsOverdue > 0 ? 'some' : ''),
    ...(thinned > 0 ? [fact(say('thinned'), String(thinned), 'some')] : []),
    fact(say('connections'), String(connections)),
  );
  const since = sinceMs > 0 ? element('p', 'soft', `${say('since')} ${timeOf(sinceMs)} · ${ageOf(sinceMs)}`) : element('p', '');
  return [head, since, numbers, ...(lastFailure && state !== 'up' ? [element('p', 'detail', plain(lastFailure))] : [])];
}

/** @param {any} lane */
function laneContent(lane) {
  if (lane.lane === 'disk') return diskContent(lane);
  const { waiting, oldestAgeMs, rejected, quarantined, thinned, newest, bytes } = lane;
  const numbers = element(
    'div',
    'numbers',
    fact(say('waiting'), String(waiting), waiting > 0 ? 'some' : ''),
    fact(say('oldest'), oldestAgeMs === null ? say('none') : spanOf(oldestAgeMs)),
  );
  numbers.append(
    fact(say('rejected'), String(rejected), rejected > 0 ? 'some' : ''),
    fact(say('quarantined'), String(quarantined), quarantined > 0 ? 'some' : ''),
  );
  numbers.append(
    fact(say('thinned'), String(thinned), thinned > 0 ? 'some' : ''),
    fact(say('numbered'), String(newest)),
    fact(say('file'), sizeOf(bytes)),
  );
  return [element('h3', '', say(`lane-${lane.lane}`)), numbers];
}

/** @param {any} space */
function diskContent({ usedShare, freeBytes, ballastBytes, isFull }) {
  const bar = /** @type {HTMLMeterElement} */ (element('meter', ''));
  Object.assign(bar, { min: 0, max: 1, high: 0.8, optimum: 0, value: usedShare });
  const numbers = element(
    'div',
    'numbers',
    fact(say('disk'), `${Math.round(usedShare * 100)} %`, isFull ? 'some' : ''),
    fact(say('free'), sizeOf(freeBytes)),
    fact(say('reserve'), sizeOf(ballastBytes)),
  );
  return [element('h3', '', say('disk')), bar, numbers];
}

/** @param {any} row */
function rejectedElement({ lane, epoch, number, uplink, reason, atMs }) {
  return element(
    'li',
    '',
    element(
      'div',
      'heading',
      element('b', '', `${say(`lane-${lane}`)} ${epoch}/${number}`),
      element('span', 'when', `${timeOf(atMs)} · ${plain(uplink)}`),
    ),
    element('p', 'detail', plain(reason)),
  );
}
