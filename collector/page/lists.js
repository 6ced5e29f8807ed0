// The three lists of the page: incidents, devices, events.
import { devices, entries, incidents, isLoaded, openIncidents, restoredIncidents } from './board.js';
import { addressOf, componentOf, counting, element, numberOf, plain, testTag, timeElement } from './show.js';
import { happeningOf, nameOf, say } from './words.js';

/** @typedef {import('./board.js').Incident} Incident */
/** @typedef {import('./board.js').IncidentPoint} IncidentPoint */
/** @typedef {import('./board.js').Device} Device */

const DEVICES_SHOWN_MAX = 300;
const POINTS_SHOWN_MAX = 12;

/** How urgent a flag is: the first is the worst. A flag in none of these is a mere condition. */
const RANKS = [
  ['fire', 'first-fire', 'manual-call-point'],
  ['gas-alarm'],
  ['electrical-alarm'],
  ['prealarm'],
  ['water-release', 'low', 'high'],
  ['supervisory'],
  ['fault', 'main-power', 'backup-power', 'bus', 'battery-low', 'removed', 'tilt', 'sensor-failed'],
  ['offline'],
  ['start', 'feedback', 'delay', 'manual', 'shield', 'test'],
];
const NORMAL_RANK = RANKS.length;
const COLOURS = ['fire', 'gas', 'electrical', 'prealarm', 'water', 'supervisory', 'fault', 'offline', 'condition', 'normal'];

/** @param {string} state */
function rankOfState(state) {
  const rank = RANKS.findIndex((states) => states.includes(state));
  return rank === -1 ? NORMAL_RANK - 1 : rank;
}

/** @param {Device} device */
function rankOf(device) {
  const ranks = device.states.map(({ state, test }) => (test ? NORMAL_RANK - 1 : rankOfState(state)));
  return Math.min(NORMAL_RANK, device.online ? NORMAL_RANK : rankOfState('offline'), ...ranks);
}

/** @param {{ place?: string, address: import('./board.js').Address, source?: string }} thing */
function placeOf({ place, address, source = '' }) {
  return plain(place ?? '') || [plain(source), addressOf(address)].filter(Boolean).join(' ');
}

/** @param {Incident} incident @param {IncidentPoint} point */
function pointElement(incident, point) {
  const kind = point.kind === incident.class ? '' : nameOf('kinds', point.kind);
  const what = [kind, componentOf(point.part), addressOf(point.address)].filter(Boolean).join(' · ');
  const row = element('li', point.endedMs === null ? 'stands' : 'over');
  const isFirst = point === incident.points[0];
  const place = element(
    'span',
    'place',
    placeOf({ ...point, source: incident.source }),
    isFirst ? element('span', 'tag', say('firstPoint')) : null,
  );
  if (point.times > 1) place.append(element('span', 'tag', say('times', point.times)));
  row.append(place, element('span', 'what', what));
  row.append(timeElement(point.lastBeganMs));
  return row;
}

/** @param {Incident} incident */
function pointsOf(incident) {
  if (incident.pointsTotal < 2) return null;
  const shown = incident.points.slice(-POINTS_SHOWN_MAX).reverse();
  const list = element('ol', 'points', ...shown.map((point) => pointElement(incident, point)));
  const left = incident.pointsTotal - shown.length;
  if (left > 0) list.append(element('li', 'left', say('more', left)));
  return list;
}

/** @param {Incident} incident */
function incidentElement(incident) {
  const [first] = incident.points;
  const kind = incident.class === 'fire' || !first ? nameOf('classes', incident.class) : nameOf('kinds', first.kind);
  const card = element('article', `incident ${incident.class}${incident.test ? ' is-test' : ''} ${incident.state}`);
  card.dataset['id'] = incident.id;
  const head = element('div', 'head', element('span', 'kind', kind), testTag(incident.test));
  if (incident.pointsTotal > 1) head.append(element('span', 'tag', say('points', incident.pointsStanding || incident.pointsTotal)));
  head.append(
    element(
      'span',
      'when',
      timeElement(incident.openedMs, true),
      incident.state === 'open' ? counting(incident.openedMs, 'elapsed') : null,
    ),
  );
  card.append(head, element('p', 'place', first ? placeOf({ ...first, source: incident.source }) : plain(incident.source)));
  const what = [first && componentOf(first.part), first && addressOf(first.address), first?.text && plain(first.text)]
    .filter(Boolean)
    .join(' · ');
  if (what) card.append(element('p', 'what', what));
  card.append(element('p', 'origin', `${say('source')} ${plain(incident.source)} · ${say('gateway')} ${plain(incident.gateway)}`));
  if (incident.state === 'restored' && incident.restoredMs !== null) {
    const by = say(incident.restoredBy === 'reset' ? 'byReset' : 'byDevice');
    card.append(element('p', 'end', `${say('restoredAt')} `, timeElement(incident.restoredMs), ` · ${by}`));
  } else card.append(pointsOf(incident) ?? '');
  return card;
}

/** @param {boolean} isLost */
export function incidentElements(isLost) {
  const open = openIncidents().map(incidentElement);
  if (open.length > 0) return open;
  return [isLoaded() && !isLost ? element('p', 'quiet', say('quiet')) : element('p', 'unknown', say('unknown'))];
}

export function restoredElements() {
  const restored = restoredIncidents().map(incidentElement);
  return restored.length > 0 ? restored : [element('p', 'none', say('noneRestored'))];
}

/** @param {import('./board.js').Reading} reading */
function readingElement({ quantity, value, unit, quality, lowLimit, highLimit, saidMs }) {
  const beyond = value !== null && ((lowLimit !== undefined && value < lowLimit) || (highLimit !== undefined && value > highLimit));
  const made = element('span', `reading${beyond ? ' beyond' : ''}${quality === 'good' ? '' : ' doubtful'}`);
  made.append(
    element('span', 'quantity', `${nameOf('quantities', quantity)} `),
    element('b', '', value === null ? '—' : numberOf(value)),
    ` ${unit}`,
  );
  if (quality !== 'good') made.append(element('span', 'quality', say(`quality-${quality}`)));
  if (lowLimit !== undefined) made.append(element('small', '', `${say('low')} ${numberOf(lowLimit)}`));
  if (highLimit !== undefined) made.append(element('small', '', `${say('high')} ${numberOf(highLimit)}`));
  made.append(timeElement(saidMs));
  return made;
}

/** @param {Device} device */
function deviceElement(device) {
  const rank = rankOf(device);
  const row = element('article', `device ${COLOURS[rank]}`);
  row.dataset['key'] = device.key;
  const where = [componentOf(device.part), device.place ? plain(device.source) : '', device.place ? addressOf(device.address) : '']
    .filter(Boolean)
    .join(' · ');
  const flags = element('div', 'flags');
  for (const { state, test } of device.states) {
    const name = `${nameOf('states', state)}${test ? ` ${say('test')}` : ''}`;
    flags.append(element('span', `tag ${test ? 'test' : COLOURS[rankOfState(state)]}`, name));
  }
  if (!device.online && !device.states.some(({ state }) => state === 'offline'))
    flags.append(element('span', 'tag offline', nameOf('states', 'offline')));
  if (rank === NORMAL_RANK) flags.append(element('span', 'ok', say('normal')));
  if (device.test.length > 0 && !device.states.some(({ test }) => test)) flags.append(testTag(true) ?? '');
  row.append(
    element('span', 'dot'),
    element('div', 'name', element('span', 'place', placeOf(device)), element('span', 'what', where)),
    flags,
  );
  const facts = element('div', 'facts', ...device.readings.map(readingElement));
  const { battery, radio, heardMs } = device;
  if (battery?.percent !== undefined) facts.append(element('span', battery.low ? 'weak' : '', `${say('battery')} ${battery.percent} %`));
  const strength = radio?.rsrp ?? radio?.rssi;
  if (strength !== undefined) facts.append(element('span', '', `${say('signal')} ${strength} dBm`));
  if (heardMs !== undefined) facts.append(element('span', 'heard', `${say('heard')} `, counting(heardMs, 'ago')));
  row.append(facts);
  return row;
}

/**
 * A source as a whole is shown where it has something of its own to say, or no points: that it is out of reach, its points say too.
 * A wire of the gateway itself, which has no family, is shown while something is wrong with it.
 * @param {Device} device
 * @param {Set<string>} withPoints
 */
function isShown({ gateway, source, address, part, states, readings, family }, withPoints) {
  if (Object.keys(address).length > 0 || part.component || readings.length > 0) return true;
  if (withPoints.has(`${gateway}\n${source}`)) return states.some(({ state }) => state !== 'offline');
  return family !== undefined || states.length > 0;
}

function shownDevices() {
  const all = [...devices.values()];
  const withPoints = new Set();
  for (const { gateway, source, address, part } of all)
    if (Object.keys(address).length > 0 || part.component) withPoints.add(`${gateway}\n${source}`);
  return all.filter((device) => isShown(device, withPoints));
}

/**
 * @param {string} search
 * @param {boolean} abnormalOnly
 */
export function deviceElements(search, abnormalOnly) {
  const wanted = search.trim().toLowerCase();
  const matching = shownDevices()
    .map((device) => ({ device, rank: rankOf(device), text: `${placeOf(device)} ${device.source} ${device.gateway}`.toLowerCase() }))
    .filter(({ rank, text }) => text.includes(wanted) && (!abnormalOnly || rank < NORMAL_RANK))
    .sort((a, b) => a.rank - b.rank || a.text.localeCompare(b.text, 'zh', { numeric: true }));
  if (matching.length === 0) return [element('p', 'none', say(devices.size === 0 ? 'noDevices' : 'noMatch'))];
  const rows = matching.slice(0, DEVICES_SHOWN_MAX).map(({ device }) => deviceElement(device));
  const left = matching.length - rows.length;
  return left > 0 ? [...rows, element('p', 'none', say('more', left))] : rows;
}

/** @param {import('./board.js').Entry} entry */
function eventElement({ event, gateway }) {
  const { kind, edge, time, note, text, source, address = {}, place, test, operator } = event;
  const isTest = (test?.length ?? 0) > 0;
  const rank = kind === 'link' ? rankOfState('offline') : RANKS.findIndex((states) => states.includes(kind));
  const colour = edge === 'ended' ? 'ended' : isTest || rank === -1 ? 'condition' : COLOURS[rank];
  const what = [happeningOf(kind, edge), note && say(`note-${note}`)].filter(Boolean).join(' ');
  const where = kind === 'gateway' ? plain(gateway) : placeOf({ address, source, ...(place !== undefined && { place }) });
  const row = element('li', `event ${colour}`, timeElement(time.ms), element('span', 'kind', what, testTag(isTest)));
  const said = [operator && say('byOperator', plain(operator)), text && plain(text)].filter(Boolean).join(' · ');
  row.append(element('span', 'where', where, said ? element('small', '', ` ${said}`) : null));
  return row;
}

export function eventElements() {
  return entries.slice(0, 100).map(eventElement);
}

/** Numbers for the head of the page; only live incidents count. */
export function tally() {
  const live = [...incidents.values()].filter(({ state, test }) => state === 'open' && !test);
  const shown = shownDevices();
  /** @param {(name: string) => boolean} is */
  const count = (is) => live.filter((incident) => is(incident.class)).length;
  return {
    fires: count((name) => name === 'fire'),
    alarms: count((name) => !['fire', 'fault', 'link'].includes(name)),
    faults: count((name) => name === 'fault'),
    offline: shown.filter(({ online }) => !online).length,
    total: shown.length,
  };
}
