import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type TSchema, Type } from 'typebox';
import type { Entry } from '../../ledger/ledger.ts';
import type { Ground } from './needs.ts';
import { checked, DeviceQuery, EventQuery, find, IncidentQuery, ROWS_MAX, shownEntry } from './queries.ts';
import { Device, Entry as EntrySchema, frozen, Incident, type IncidentShown, Problem, position, Status, WordLists } from './schemas.ts';
import type { Stream } from './stream.ts';
import { wordsOf } from './words.ts';

export type App = Parameters<FastifyPluginAsyncTypebox>[0];

const total = Type.Integer({ description: 'how many there are' });
const EVENTS_DEFAULT = 100;

function answers<S extends TSchema>(ok: S) {
  return { 200: frozen(ok), '4xx': Problem, '5xx': Problem };
}

/** Open before restored, live before test, urgent before less urgent, latest first. */
function byUrgency(one: IncidentShown, other: IncidentShown): number {
  return (
    Number(one.state === 'restored') - Number(other.state === 'restored') ||
    Number(one.test) - Number(other.test) ||
    (one.state === 'open' ? one.urgency - other.urgency : (other.restoredMs ?? 0) - (one.restoredMs ?? 0)) ||
    other.openedMs - one.openedMs
  );
}

function incidentsRoute(app: App, { shown }: Ground): void {
  const response = answers(Type.Object({ position, total, incidents: Type.Array(Incident) }));
  const schema = { summary: 'incidents, open and urgent first', querystring: IncidentQuery, response };
  app.get('/api/incidents', { schema }, async ({ query }) => {
    const { state, max = ROWS_MAX } = checked(IncidentQuery, query);
    const incidents = shown.incidents().filter((incident) => (state ?? incident.state) === incident.state);
    return { position: shown.position, total: incidents.length, incidents: incidents.toSorted(byUrgency).slice(0, max) };
  });
}

function devicesRoute(app: App, { shown }: Ground): void {
  const response = answers(Type.Object({ position, total, devices: Type.Array(Device) }));
  const schema = { summary: 'every point of every source, as it stands', querystring: DeviceQuery, response };
  app.get('/api/devices', { schema }, async ({ query }) => {
    const { gateway, source, max = ROWS_MAX } = checked(DeviceQuery, query);
    const devices = shown
      .devices()
      .filter((device) => (gateway ?? device.gateway) === device.gateway && (source ?? device.source) === device.source);
    return { position: shown.position, total: devices.length, devices: devices.slice(0, max) };
  });
}

function eventsRoute(app: App, { shown, ledger }: Ground): void {
  const response = answers(Type.Object({ position, next: position, entries: Type.Array(EntrySchema) }));
  const summary = 'events of record, in the order of the ledger';
  const description = 'Go on with `after` = `next` until `next` is `position`.';
  app.get('/api/events', { schema: { summary, description, querystring: EventQuery, response } }, async ({ query }) => {
    const { after, max = EVENTS_DEFAULT, gateway, source } = checked(EventQuery, query);
    const end = shown.position;
    const matches = (entry: Entry) => (gateway ?? entry.gateway) === entry.gateway && (source ?? entry.event.source) === entry.event.source;
    const { entries, next } = await find(ledger, after ?? Math.max(0, end - max), max, matches);
    return { position: Math.max(end, next), next, entries: entries.map(shownEntry) };
  });
}

function statusRoute(app: App, ground: Ground, stream: Stream): void {
  const { shown, ledger, guesses, reports, connectionOf, troubles, refused, isComing, pushes = () => [] } = ground;
  const schema = { summary: 'how the collector is doing: ledger, gaps, outlets, gateways', response: answers(Status) };
  app.get('/api/status', { schema }, async () => {
    const state = await ledger.state();
    const outlets = reports().map((report) => ({ ...report, behind: Math.max(0, state.position - report.position) }));
    const readers = { readers: stream.readers, readersDropped: stream.dropped };
    const series = state.series.map((one) => ({ ...one, isCatchingUp: one.missing > 0 && isComing(one) }));
    const told = {
      series,
      troubles: troubles(),
      refused: refused(),
      wrongTokens: guesses.wrongs,
      shownPosition: shown.position,
      ...readers,
      outlets,
    };
    const gateways = shown.gateways().map((gateway) => ({ ...gateway, ...connectionOf(gateway.gateway) }));
    return { ...state, ...told, gateways, pushes: [...pushes()] };
  });
}

/** Everything that is read at once; what is read for as long as it happens is the stream. */
export function readRoutes(ground: Ground, stream: Stream): FastifyPluginAsyncTypebox {
  return async (app) => {
    incidentsRoute(app, ground);
    devicesRoute(app, ground);
    eventsRoute(app, ground);
    statusRoute(app, ground, stream);
    const words = wordsOf(ground.shown.classes);
    const schema = { summary: 'names in English and Chinese', response: answers(WordLists) };
    app.get('/api/words', { schema }, async () => words);
  };
}
