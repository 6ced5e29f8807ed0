import { EVENT_KINDS, happeningOf, QUANTITIES, type SiteEvent, type Words } from '@fengsui/protocol';
import type { Entry } from '../../ledger/ledger.ts';

/** What the mapper knows besides the entry. */
export interface Operator {
  /** 运营单位编码, given by the city. */
  readonly operatorCode: string;
}

/** ISO 8601 with the offset of its zone: 2026-11-23T20:00:00.000+08:00. */
export function isoTime(ms: number, zoneMinutes: number): string {
  const local = new Date(ms + zoneMinutes * 60_000).toISOString().slice(0, -1);
  const offset = Math.abs(zoneMinutes);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${local}${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
}

/** Stable name of a point all over the operator: gateway, source, and the address where the source has points. */
function sourceCode({ gateway, event: { source, address } }: Entry): string {
  const { controller, loop, point, zone, channel, device } = address ?? {};
  const fields = { controller, loop, point, zone, channel, device };
  const known = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}-${value}`]));
  return [gateway, source, ...known].join('/');
}

function unitOf({ measured }: SiteEvent): string | undefined {
  return measured && QUANTITIES[measured.quantity].unit;
}

interface FieldRow {
  readonly name: string;
  readonly read: (entry: Entry, operator: Operator) => unknown;
}

/**
 * PROVISIONAL. DB36/T 1296-2020, which says what goes to the city platform, is not public (`OPEN_SLOTS`). Until the city
 * operator publishes it (the measure, art. 11) this table sends the normalized event; then this file changes and nothing else.
 * What a row reads as undefined is left out. The order of the rows is the order of the fields.
 */
export const FIELDS: readonly FieldRow[] = [
  { name: 'eventId', read: ({ event }) => event.id },
  { name: 'operatorCode', read: (_, { operatorCode }) => operatorCode },
  {
    name: 'sourceType',
    read: ({ event: { part } }) => (part.component ? `component-${part.component.type}` : `system-${part.systemType}`),
  },
  { name: 'sourceCode', read: sourceCode },
  { name: 'eventTime', read: ({ event: { time } }) => isoTime(time.ms, time.zoneMinutes) },
  { name: 'eventTimeSource', read: ({ event }) => event.time.source },
  {
    name: 'receivedTime',
    read: ({ event: { receivedMs, time } }) => (receivedMs === undefined ? undefined : isoTime(receivedMs, time.zoneMinutes)),
  },
  { name: 'kind', read: ({ event }) => event.kind },
  { name: 'edge', read: ({ event }) => event.edge },
  // The edge is a field of its own; a link has another name when it is up, or the city would read of outages that never were.
  { name: 'kindName', read: ({ event: { kind, edge } }) => (kind === 'link' ? happeningOf(kind, edge).zh : EVENT_KINDS[kind].zh) },
  { name: 'place', read: ({ event }) => event.place },
  { name: 'gateway', read: ({ gateway }) => gateway },
  { name: 'source', read: ({ event }) => event.source },
  { name: 'part', read: ({ event }) => event.part },
  { name: 'address', read: ({ event }) => event.address },
  { name: 'text', read: ({ event }) => event.text },
  { name: 'quantity', read: ({ event }) => event.measured?.quantity },
  { name: 'value', read: ({ event }) => event.measured?.value },
  { name: 'unit', read: ({ event }) => unitOf(event) },
  { name: 'quality', read: ({ event }) => event.measured?.quality },
  { name: 'operations', read: ({ event }) => event.operations },
  { name: 'operatorNumber', read: ({ event }) => event.operatorNumber },
];

/** What DB36/T 1296-2020 says and we do not know, and what stands in until then. */
export const OPEN_SLOTS: ReadonlyArray<Words & { readonly standIn: string }> = [
  { en: 'base URL and message list', zh: '接口地址与消息列表', standIn: 'one URL of the configuration, one message an event' },
  { en: 'authentication', zh: '身份认证', standIn: 'Authorization: Bearer <token file>' },
  { en: 'field tables and codes', zh: '字段表与代码', standIn: 'the normalized event, numbers of GB/T 26875.3-2011 for parts' },
  { en: 'push time limits', zh: '推送时限', standIn: 'at once' },
  { en: 'identity of repeated messages', zh: '重复消息的识别', standIn: 'Idempotency-Key: <event id>, same bytes on every try' },
  { en: 'answers and error codes', zh: '应答与错误码', standIn: 'HTTP status; a JSON answer with `success` 0 or false is no confirmation' },
  { en: 'pictures and video', zh: '图片与视频', standIn: 'none' },
];

/** Whether the city platform gets it: live events only, and only what devices and people did. */
export function isDue({ kind, test }: SiteEvent): boolean {
  return kind !== 'gateway' && kind !== 'heartbeat' && (test?.length ?? 0) === 0;
}

/** The body of an entry's message: the same bytes whenever it is made. */
export function bodyOf(entry: Entry, operator: Operator): string {
  return JSON.stringify(Object.fromEntries(FIELDS.map(({ name, read }) => [name, read(entry, operator)])));
}
