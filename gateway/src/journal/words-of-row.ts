import {
  EDGES,
  type Edge,
  EVENT_KINDS,
  type EventKind,
  happeningOf,
  localTime,
  PROFILES,
  QUANTITIES,
  type SiteEvent,
  type Words,
} from '@fengsui/protocol';
import { COMPONENT_TYPES } from '@fengsui/protocol/gb26875';
import { plain } from '../steering.ts';
import type { JournalRow, RowState } from './reader.ts';

export const STATE_WORDS: Readonly<Record<RowState, Words>> = {
  waiting: { en: 'waiting', zh: '待确认' },
  accepted: { en: 'accepted', zh: '已确认' },
  rejected: { en: 'rejected', zh: '被拒收' },
  quarantined: { en: 'quarantined', zh: '已隔离' },
};

/** The names under which a row is exported, in their order. */
export const EXPORT_COLUMNS = [
  ...['time', 'lane', 'epoch', 'number', 'order', 'boot', 'monotonicMs', 'clockSynchronised'],
  ...['happening', 'happeningZh', 'kind', 'edge', 'source', 'place', 'systemType', 'systemAddress', 'componentType', 'component'],
  ...['componentZh', 'componentAddress', 'deviceAddress', 'text', 'quantity', 'value', 'unit', 'quality', 'states', 'test', 'note'],
  ...['operator', 'operatorNumber'],
  ...['eventTime', 'eventTimeSource', 'eventId', 'state', 'stateZh', 'waitingFor', 'reason', 'settled', 'undecodable', 'packet', 'frame'],
] as const;
export type ExportedRow = Readonly<Record<(typeof EXPORT_COLUMNS)[number], string | number | boolean | null>>;

/** A row with its event, or why there is none. */
export interface ReadRow {
  readonly row: JournalRow;
  readonly event: SiteEvent | null;
  readonly undecodable: string | null;
}

/** Never throws: what cannot be decoded is told as what it is. */
export function readRow(row: JournalRow): ReadRow {
  const profile = PROFILES.get(row.profile);
  if (!row.isSound) return { row, event: null, undecodable: 'the checksum is wrong' };
  if (!profile) return { row, event: null, undecodable: `profile ${row.profile} is not known here` };
  try {
    const read = profile.read(row.frame);
    return 'event' in read ? { row, event: read.event, undecodable: null } : { row, event: null, undecodable: read.undecodable };
  } catch (error) {
    return { row, event: null, undecodable: (error as Error).message };
  }
}

/** What people call what happened. A row of a newer version may name a kind that is not known here. */
export function happeningWords({ kind, edge }: JournalRow): Words {
  if (kind in EVENT_KINDS && edge in EDGES) return happeningOf(kind as EventKind, edge as Edge);
  return { en: `${kind} ${edge}`, zh: `${kind} ${edge}` };
}

function deviceAddressOf(event: SiteEvent | null): string | null {
  return event?.address
    ? Object.entries(event.address)
        .map(([name, value]) => `${name} ${value}`)
        .join(' ')
    : null;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The words of an event's part and of what was measured. */
function wordsOfEvent(event: SiteEvent | null, zoneMinutes: number) {
  const { component } = event?.part ?? {};
  const componentWords = component ? COMPONENT_TYPES.get(component.type) : undefined;
  const { measured } = event ?? {};
  return {
    place: event?.place ?? null,
    systemType: event?.part.systemType ?? null,
    systemAddress: event?.part.systemAddress ?? null,
    componentType: component?.type ?? null,
    component: componentWords?.en ?? null,
    componentZh: componentWords?.zh ?? null,
    componentAddress: component?.address ?? null,
    deviceAddress: deviceAddressOf(event),
    text: event?.text ?? null,
    quantity: measured?.quantity ?? null,
    value: measured?.value ?? null,
    unit: measured ? QUANTITIES[measured.quantity].unit : null,
    quality: measured?.quality ?? null,
    states: event?.states?.join(' ') ?? null,
    test: event?.test ? event.test.join(' ') || 'live' : null,
    note: event?.note ?? null,
    operator: event?.operator ?? null,
    operatorNumber: event?.operatorNumber ?? null,
    eventTime: event ? localTime(event.time.ms, event.time.zoneMinutes ?? zoneMinutes) : null,
    eventTimeSource: event?.time.source ?? null,
  };
}

/** A row in words and plain values. `raw`: with the device's packet and the frame, in hex. */
export function exportedOf({ row, event, undecodable }: ReadRow, zoneMinutes: number, raw: boolean): ExportedRow {
  const happening = happeningWords(row);
  return {
    time: localTime(row.wallMs, zoneMinutes),
    lane: row.lane,
    epoch: row.epoch,
    number: row.number,
    order: row.order,
    boot: row.boot,
    monotonicMs: row.monotonicMs,
    clockSynchronised: row.clockSynchronised,
    happening: happening.en,
    happeningZh: happening.zh,
    kind: row.kind,
    edge: row.edge,
    source: row.source,
    ...wordsOfEvent(event, zoneMinutes),
    eventId: row.eventId,
    state: row.state,
    stateZh: STATE_WORDS[row.state].zh,
    waitingFor: row.waitingFor.length > 0 ? row.waitingFor.join(' ') : null,
    reason: row.reason,
    settled: row.settledMs === null ? null : localTime(row.settledMs, zoneMinutes),
    undecodable,
    packet: raw ? (event?.packetHex ?? null) : null,
    frame: raw ? hex(row.frame) : null,
  };
}

/** Whether a text stands in what a person would look for a row by. */
export function mentions({ row, event }: ReadRow, text: string): boolean {
  const wanted = text.toLowerCase();
  const happening = happeningWords(row);
  const said = [
    row.source,
    row.eventId,
    row.reason,
    happening.en,
    happening.zh,
    event?.place,
    event?.text,
    event?.note,
    event?.family,
    event?.operator,
  ];
  return [...said, deviceAddressOf(event), event?.part.component?.address].some((each) =>
    String(each ?? '')
      .toLowerCase()
      .includes(wanted),
  );
}

/** Who did it, or answered for it: name and number, whichever is known. */
function personOf({ operator, operatorNumber }: ExportedRow): string | null {
  const said = [operator, operatorNumber === null ? null : `no. ${operatorNumber}`].filter((each) => each !== null);
  return said.length > 0 ? `操作员 operator ${said.join(' ')}` : null;
}

/** A row that waits for one of several uplinks has got out where another took it. */
function stateOf({ state, reason, isPartly, waitingFor, takenBy }: JournalRow): string {
  const whom = isPartly ? ` for ${waitingFor.join(', ')}` : '';
  const taken = takenBy.length > 0 ? ` (${takenBy.map((name) => `${name} ✓`).join(', ')})` : '';
  return `${STATE_WORDS[state].zh} ${state}${whom}${taken}${reason === null ? '' : `: ${reason}`}`;
}

/** One line for the eyes. */
export function lineOf(read: ReadRow, zoneMinutes: number, raw: boolean): string {
  const told = exportedOf(read, zoneMinutes, raw);
  const value = told.value === null ? null : `${told.value} ${told.unit}`;
  const about = [told.place, told.text, value, told.deviceAddress, personOf(told), told.note].filter((each) => each !== null);
  const trust = told.clockSynchronised ? ' ' : '?';
  const rest = [told.undecodable, raw ? (told.packet ?? told.frame) : null].filter((each) => each !== null);
  const words = [
    `${String(told.time).replace('T', ' ')}${trust}`,
    `${told.happeningZh} ${told.happening}${read.event?.test?.length ? ' [测试 test]' : ''}`,
    told.source,
    ...about,
    `[${told.lane} ${told.epoch}/${told.number}]`,
    stateOf(read.row),
    ...rest,
  ];
  return plain(words.join('  '));
}
