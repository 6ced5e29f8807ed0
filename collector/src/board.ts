import { INCIDENT_CLASSES, type IncidentClass } from './incidents/classes.ts';
import type { Incident } from './incidents/incident.ts';
import { type IncidentView, viewOfIncident } from './incidents/incident-view.ts';
import { incidents, incidentsOf } from './incidents/incidents.ts';
import type { Entry, Ledger } from './ledger/ledger.ts';
import { type DeviceView, viewOfDevice } from './projections/device-view.ts';
import { devices } from './projections/devices.ts';
import { type Gateway, gateways } from './projections/gateways.ts';
import { Projector, type Step } from './projections/projector.ts';

const PROJECTIONS = { devices, incidents, gateways };

/** What one entry changed of what people see. */
export interface BoardChange {
  readonly entry: Entry;
  readonly devices: readonly DeviceView[];
  readonly incidents: readonly IncidentView[];
  /** Ids of incidents that are told otherwise since an older event arrived late. */
  readonly gone: readonly string[];
}

/**
 * What stands now, folded from the ledger: every device, incident and gateway, at one position. Usage:
 *
 *     const board = new Board();
 *     const folding = board.run(ledger, signal);   // under supervise: it may be run again after a Failure
 *     await board.caughtUp;                        // then show it
 */
export class Board {
  readonly classes = INCIDENT_CLASSES;
  readonly #projector = new Projector(PROJECTIONS);

  get position(): number {
    return this.#projector.position;
  }

  /** Resolves when all that the ledger held at the start is folded. */
  get caughtUp(): Promise<void> {
    return this.#projector.caughtUp;
  }

  run(ledger: Pick<Ledger, 'after' | 'wait'>, signal: AbortSignal): Promise<void> {
    return this.#projector.run(ledger, signal);
  }

  devices(): readonly DeviceView[] {
    return [...this.#projector.tables.devices.values()].map(viewOfDevice);
  }

  incidents(): readonly IncidentView[] {
    return [...this.#projector.tables.incidents.values()].flatMap(incidentsOf).map(viewOfIncident);
  }

  /** Sources of a gateway that have an open incident of a class: its words, and since when, once all that the ledger held at the start is folded. */
  async openOf(gateway: string, incidentClass: IncidentClass): Promise<ReadonlyMap<string, { words: string; sinceMs: number }>> {
    await this.caughtUp;
    const open = this.incidents().filter((one) => one.gateway === gateway && one.class === incidentClass && one.state === 'open');
    return new Map(open.map(({ source, points, openedMs }) => [source, { words: points[0]?.text ?? '', sinceMs: openedMs }]));
  }

  gateways(): readonly Gateway[] {
    return [...this.#projector.tables.gateways.values()];
  }

  /** Calls `listener` after each entry, in the order of the ledger; returns the way to stop that. */
  subscribe(listener: (change: BoardChange) => void): () => void {
    return this.#projector.subscribe((step) => listener(changeOf(step)));
  }
}

function changeOf({ entry, changes }: Step<typeof PROJECTIONS>): BoardChange {
  const told: Incident[] = [];
  const gone: string[] = [];
  for (const { before, after } of changes.incidents.values()) {
    const known = new Map(before?.told.closed.concat(...before.told.open.values()).map((incident) => [incident.id, incident]));
    for (const incident of incidentsOf(after)) {
      if (known.get(incident.id) !== incident) told.push(incident);
      known.delete(incident.id);
    }
    // What only grew too old to be kept is not gone: nobody takes it from the page.
    gone.push(...[...known.values()].filter(({ id }) => !before?.told.closed.some((closed) => closed.id === id)).map(({ id }) => id));
  }
  return {
    entry,
    devices: [...changes.devices.values()].map(({ after }) => viewOfDevice(after)),
    incidents: told.map(viewOfIncident),
    gone,
  };
}
