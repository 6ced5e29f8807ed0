// What stands now, as the collector tells it: lists when the page connects, changes as they happen.

/**
 * The shapes are those of /openapi.json.
 * @typedef {{ controller?: number, loop?: number, point?: number, zone?: number, channel?: number, device?: string }} Address
 * @typedef {{ systemType: number, systemAddress: number, component?: { type: number, address: number } }} Part
 * @typedef {{ point: string, kind: string, address: Address, part: Part, place?: string, text?: string, eventId: string, beganMs: number, times: number, lastBeganMs: number, endedMs: number | null }} IncidentPoint
 * @typedef {{ id: string, gateway: string, source: string, class: string, urgency: number, test: boolean, state: 'open' | 'restored', openedMs: number, restoredMs: number | null, restoredBy: 'device' | 'reset' | null, points: IncidentPoint[], pointsTotal: number, pointsStanding: number, events: number, position: number }} Incident
 * @typedef {{ quantity: string, value: number | null, unit: string, quality: string, lowLimit?: number, highLimit?: number, saidMs: number }} Reading
 * @typedef {{ key: string, gateway: string, source: string, address: Address, part: Part, place?: string, family?: string, states: { state: string, saidMs: number, test: boolean }[], readings: Reading[], battery?: { percent?: number, low?: boolean }, radio?: { rssi?: number, rsrp?: number, csq?: number }, online: boolean, heardMs?: number, test: string[], position: number }} Device
 * @typedef {{ id: string, kind: string, edge: string, time: { ms: number }, source: string, address?: Address, part: Part, place?: string, text?: string, test?: string[], note?: string, operator?: string }} SiteEvent
 * @typedef {{ position: number, gateway: string, committedMs: number, event: SiteEvent }} Entry
 * @typedef {{ position: number, entries: number, quarantined: number, damaged: { count: number }, troubles: { code: string, en: string, zh: string, detail: string, remedy: string, sinceMs: number }[], series: { missing: number, isCatchingUp: boolean }[], outlets: { name: string, behind: number, refused: number, trouble: { why: string } | null }[], gateways: { gateway: string, heardMs: number, connected?: boolean, sinceMs?: number, clockSynchronised: boolean }[] }} Status
 */

/** Events the page keeps. */
const ENTRIES_MAX = 200;
/** Kinds that come by the thousand and are seen at the device. */
const UNREMARKABLE = new Set(['reading', 'heartbeat']);

/** @type {Map<string, Incident>} */
export const incidents = new Map();
/** @type {Map<string, Device>} */
export const devices = new Map();
/** The latest first. @type {Entry[]} */
export let entries = [];
/** @type {Status | null} */
export let status = null;
let loaded = false;

/** Whether anything is known: before that, silence means nothing. */
export function isLoaded() {
  return loaded;
}

/**
 * Lays a list over what is known. Changes that overtook the list are newer and stay; what the list no longer has goes.
 * @template {{ position: number }} Row
 * @param {Map<string, Row>} known
 * @param {Row[]} list
 * @param {(row: Row) => string} key
 * @param {number} position
 */
function lay(known, list, key, position) {
  const listed = new Set(list.map(key));
  for (const [id, row] of known) if (!listed.has(id) && row.position <= position) known.delete(id);
  change(known, list, key);
}

/**
 * @template {{ position: number }} Row
 * @param {Map<string, Row>} known
 * @param {Row[]} rows
 * @param {(row: Row) => string} key
 */
function change(known, rows, key) {
  for (const row of rows) if (row.position >= (known.get(key(row))?.position ?? 0)) known.set(key(row), row);
}

/** @param {{ position: number, incidents: Incident[] }} answer */
export function layIncidents(answer) {
  loaded = true;
  lay(incidents, answer.incidents, ({ id }) => id, answer.position);
}

/** @param {{ position: number, devices: Device[] }} answer */
export function layDevices(answer) {
  lay(devices, answer.devices, ({ key }) => key, answer.position);
}

/** @param {{ entries: Entry[] }} answer */
export function layEntries(answer) {
  entries = [];
  for (const entry of answer.entries) takeEntry(entry);
}

/** @param {Status} answer */
export function layStatus(answer) {
  status = answer;
}

/** @param {{ incidents: Incident[], gone: string[] }} told */
export function takeIncidents(told) {
  for (const id of told.gone) incidents.delete(id);
  change(incidents, told.incidents, ({ id }) => id);
}

/** @param {{ devices: Device[] }} told */
export function takeDevices(told) {
  change(devices, told.devices, ({ key }) => key);
}

/** @param {Entry} entry */
export function takeEntry(entry) {
  if (UNREMARKABLE.has(entry.event.kind) || entries.some(({ position }) => position === entry.position)) return;
  entries = [entry, ...entries].sort((a, b) => b.position - a.position).slice(0, ENTRIES_MAX);
}

/** Live before test, urgent before less urgent, the latest first. */
export function openIncidents() {
  const open = [...incidents.values()].filter(({ state }) => state === 'open');
  return open.sort((a, b) => Number(a.test) - Number(b.test) || a.urgency - b.urgency || b.openedMs - a.openedMs);
}

export function restoredIncidents() {
  const restored = [...incidents.values()].filter(({ state }) => state === 'restored');
  return restored.sort((a, b) => (b.restoredMs ?? 0) - (a.restoredMs ?? 0)).slice(0, 12);
}
