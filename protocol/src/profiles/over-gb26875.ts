import { crc32 } from '../codec/checksums.ts';
import { address32, u8 } from '../codec/fields.ts';
import { fromHex } from '../codec/hex.ts';
import { field, type Layout, layout } from '../codec/layout.ts';
import { type SiteEvent, STATES } from '../event.ts';
import { encodeText, timeTag, timeTagOf } from '../gb26875/fields.ts';
import { decodeFrame, encodeFrame, FRAME_CUT, UNIT_BYTES_MAX } from '../gb26875/frame.ts';
import { stepsOf } from '../gb26875/steps.ts';
import { ANALOGUE_VALUE, COMPONENT_STATE, DEVICE_OPERATION, DEVICE_TIME, FACILITY_OPERATION, SYSTEM_STATE } from '../gb26875/units.ts';
import type { FrameRead, Profile } from '../profile.ts';
import type { Words } from '../words.ts';
import { type AnnexField, readAnnex, type UnknownField, writeAnnex } from './annex.ts';

/** What distinguishes one profile over GB/T 26875.3 from another: all of it data. */
export interface ProfileTable {
  readonly NAME: string;
  readonly TITLE: Words;
  readonly UNKNOWNS: readonly Words[];
  readonly MAIN_VERSION: number;
  readonly USER_VERSION: number;
  readonly UNITS: Readonly<Record<UnitName, number>>;
  readonly KIND_BITS: Readonly<Record<string, number>>;
  readonly ANNEX: ReadonlyArray<AnnexField<SiteEvent>>;
}

type UnitName =
  | 'system-state'
  | 'component-state'
  | 'analogue-value'
  | 'facility-operation'
  | 'component-note'
  | 'gateway-note'
  | 'device-operation';

const COMPONENT_NOTE = layout({
  systemType: field(u8, 'system type', '系统类型'),
  systemAddress: field(u8, 'system address', '系统地址'),
  componentType: field(u8, 'component type', '部件类型'),
  componentAddress: field(address32, 'component address', '部件地址'),
  time: field(timeTag, 'time', '时间'),
});

// biome-ignore lint/suspicious/noExplicitAny: a table of layouts holds layouts of every value
const OBJECTS: Readonly<Record<UnitName, Layout<any> & { readonly size: number | null }>> = {
  'system-state': SYSTEM_STATE,
  'component-state': COMPONENT_STATE,
  'analogue-value': ANALOGUE_VALUE,
  'facility-operation': FACILITY_OPERATION,
  'component-note': COMPONENT_NOTE,
  'gateway-note': DEVICE_TIME,
  'device-operation': DEVICE_OPERATION,
};

/** Kinds that have no bit in the standard's state word and no value: they travel as a note of the component. */
const NOTES: ReadonlySet<SiteEvent['kind']> = new Set([
  'link',
  'battery-low',
  'tilt',
  'water-release',
  'removed',
  'text',
  'heartbeat',
  'configuration',
]);

function isWholeGateway({ part }: SiteEvent): boolean {
  return part.component === undefined && part.systemType === 0 && part.systemAddress === 0;
}

function unitOf(event: SiteEvent): UnitName {
  if (event.part.component) {
    if (event.measured) return 'analogue-value';
    return NOTES.has(event.kind) ? 'component-note' : 'component-state';
  }
  if (isWholeGateway(event)) return event.kind === 'duty-answer' ? 'device-operation' : 'gateway-note';
  return event.operations ? 'facility-operation' : 'system-state';
}

/** The state word: what the event's full set of states says, or what its kind alone says. Bit 0 is clear exactly where the event is a test. */
function stateWord(event: SiteEvent, bits: Readonly<Record<string, number>>, highestBit: number): number {
  let word = event.test && event.test.length > 0 ? 0 : 1;
  const set = event.states?.map((state) => STATES[state].bit) ?? (event.edge === 'ended' ? [] : [bits[event.kind] ?? -1]);
  for (const bit of set) if (bit >= 1 && bit <= highestBit) word |= 1 << bit;
  return word;
}

function operationBits(event: SiteEvent): number {
  const bits = { reset: 0, mute: 1, 'manual-alarm': 2, 'alarm-cleared': 3, 'self-test': 4, confirm: 5, test: 6 };
  const word = (event.operations ?? []).reduce((all, operation) => all | (1 << bits[operation]), 0);
  return event.kind === 'duty-answer' ? word | 0x20 : word;
}

/** Everything the standard part of a unit can say of an event; each layout takes the fields it has. */
function standardPart(event: SiteEvent, bits: Readonly<Record<string, number>>): Record<string, unknown> {
  const { systemType, systemAddress, component } = event.part;
  return {
    systemType,
    systemAddress,
    componentType: component?.type ?? 0,
    componentAddress: component?.address ?? 0,
    status: stateWord(event, bits, component ? 8 : 13),
    text: encodeText(event.text ?? '', 31),
    time: timeTagOf(event.time.ms, event.time.zoneMinutes),
    operation: operationBits(event),
    operator: event.operatorNumber ?? 0,
    ...stepsOf(event.measured),
  };
}

const unitBytes = (name: UnitName, annex: Uint8Array) => 2 + (OBJECTS[name].size ?? 0) + annex.length;

/** The longest text that fits `bytesMax` bytes of UTF-8. */
function cutText(text: string, bytesMax: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= bytesMax) return text;
  return new TextDecoder().decode(encoded.subarray(0, bytesMax)).replace(/\ufffd+$/, '');
}

/**
 * What is given up, in this order, when an event is larger than a frame: the packet (its length and CRC-32 stay), the bytes of
 * the text, then the ends of long texts. An alarm is never refused for the length of its words.
 */
const SHORTENINGS: ReadonlyArray<(event: SiteEvent) => SiteEvent> = [
  ({ packetHex, ...event }) => {
    const packet = fromHex(packetHex ?? '');
    if (!packet || packet.length === 0) return event;
    return { packetReference: { number: 0, length: Math.min(packet.length, 0xffff), crc32: crc32(packet) }, ...event };
  },
  ({ textHex: _, ...event }) => event,
  ({ unknown: _, ...event }) => event,
  (event) => (event.text === undefined ? event : { ...event, text: cutText(event.text, 200) }),
  (event) => (event.place === undefined ? event : { ...event, place: cutText(event.place, 160) }),
  (event) => (event.operator === undefined ? event : { ...event, operator: cutText(event.operator, 64) }),
  ({ deviceTimeHex: _, ...event }) => event,
];

function fitted(table: ProfileTable, event: SiteEvent): { event: SiteEvent; annex: Uint8Array } {
  let annex = writeAnnex(table.ANNEX, event, event.unknown);
  for (const shorten of SHORTENINGS) {
    if (unitBytes(unitOf(event), annex) <= UNIT_BYTES_MAX) break;
    event = shorten(event);
    annex = writeAnnex(table.ANNEX, event, event.unknown);
  }
  return { event, annex };
}

function partOf(name: UnitName, object: Record<string, number>): SiteEvent['part'] {
  const { systemType = 0, systemAddress = 0, componentType, componentAddress } = object;
  if (name === 'gateway-note' || name === 'device-operation') return { systemType: 0, systemAddress: 0 };
  if (componentType === undefined || componentAddress === undefined) return { systemType, systemAddress };
  return { systemType, systemAddress, component: { type: componentType, address: componentAddress } };
}

/** Unknown fields and shortcomings come last so that the same event always has the same shape. */
function assembled(said: Partial<SiteEvent>, part: SiteEvent['part'], unknown: readonly UnknownField[]): SiteEvent | null {
  if (!said.id || !said.kind || !said.edge || !said.time || said.source === undefined) return null;
  const event = { ...said, part } as SiteEvent;
  return unknown.length > 0 ? { ...event, unknown } : event;
}

/** Builds the profile that a table describes. */
export function profileOver(table: ProfileTable): Profile {
  const names = new Map(Object.entries(table.UNITS).map(([name, type]) => [type, name as UnitName]));
  const annexFields = new Map(table.ANNEX.map((row) => [row.tag, row]));

  const write: Profile['write'] = (whole, { serial, source, destination, sentMs, zoneMinutes }) => {
    const { event, annex } = fitted(table, whole);
    const name = unitOf(event);
    const object = OBJECTS[name];
    const unit = new Uint8Array(unitBytes(name, annex));
    unit[0] = table.UNITS[name];
    unit[1] = 1;
    unit.set(annex, object.encodeInto(standardPart(event, table.KIND_BITS), unit, 2));
    const control = {
      serial,
      mainVersion: table.MAIN_VERSION,
      userVersion: table.USER_VERSION,
      time: timeTagOf(sentMs, zoneMinutes),
      source,
      destination,
    };
    return encodeFrame({ ...control, command: 2 }, unit);
  };

  const read = (bytes: Uint8Array): FrameRead => {
    const measure = bytes.length === 0 ? 'more' : FRAME_CUT.measure(bytes, 0, bytes.length);
    if (measure !== bytes.length) return { undecodable: `no frame: ${typeof measure === 'object' ? measure.why : 'length'}` };
    const { control, unit } = decodeFrame(bytes);
    const name = names.get(unit[0] ?? 0);
    if (control.userVersion !== table.USER_VERSION || !name)
      return { undecodable: `unit type ${unit[0] ?? 'none'}, user version ${control.userVersion}: not of ${table.NAME}` };
    const size = OBJECTS[name].size ?? 0;
    if (unit[1] !== 1 || unit.length < 2 + size) return { undecodable: 'unit: one object was expected' };
    const annex = readAnnex(annexFields, unit, 2 + size);
    if ('why' in annex) return { undecodable: annex.why };
    const event = assembled(annex.said, partOf(name, OBJECTS[name].decode(unit, 2)), annex.unknown);
    return event
      ? { event, serial: control.serial, source: control.source }
      : { undecodable: 'annex: id, kind, time or source is missing' };
  };

  return { name: table.NAME, title: table.TITLE, unknowns: table.UNKNOWNS, write, read };
}
