import { gbLenient } from '../codec/gb-text.ts';
import { toHex } from '../codec/hex.ts';
import { QUANTITIES, type Quantity } from '../event.ts';
import { crtFields } from '../gb26875/dialects/crt-fields.ts';
import type { Dialect } from '../gb26875/dialects/dialect.ts';
import { showText, type TimeTag } from '../gb26875/fields.ts';
import { bodyOf, UNIT_TYPES } from '../gb26875/units.ts';
import { analogueIn, operationsOf, statesOf } from '../gb26875/view.ts';
import type { Observation, What } from '../observation.ts';
import { withoutCommands, wordSaying } from './printer.ts';

/** What a state bit says. A state word is the whole truth of now: what has no bit set is normal again. */
const STATE_WORDS: Readonly<Record<string, { readonly what: What; readonly detail?: string }>> = {
  fire: { what: 'fire' },
  fault: { what: 'fault' },
  shield: { what: 'shield' },
  supervisory: { what: 'supervisory' },
  start: { what: 'start' },
  feedback: { what: 'feedback' },
  delay: { what: 'delay' },
  'main-power': { what: 'power-fault', detail: 'main' },
  'backup-power': { what: 'power-fault', detail: 'backup' },
  bus: { what: 'fault', detail: 'bus' },
  manual: { what: 'manual' },
  configuration: { what: 'text', detail: 'configuration changed' },
  reset: { what: 'reset' },
  'centre-link': { what: 'fault', detail: 'link to the centre' },
  line: { what: 'fault', detail: 'monitored line' },
  // of makers
  prealarm: { what: 'prealarm' },
  removed: { what: 'removed' },
  'battery-low': { what: 'battery-low' },
  low: { what: 'low' },
  high: { what: 'high' },
  'cover-open': { what: 'tilt', detail: 'cover open' },
  'water-release': { what: 'water-release' },
  moved: { what: 'tilt' },
  offline: { what: 'fault', detail: 'offline' },
  'open-circuit': { what: 'fault', detail: 'open circuit' },
  'short-circuit': { what: 'fault', detail: 'short circuit' },
  sensor: { what: 'fault', detail: 'sensor' },
  upgrading: { what: 'text', detail: 'upgrading' },
};

const OPERATION_WORDS: Readonly<Record<string, { readonly what: What; readonly detail?: string }>> = {
  reset: { what: 'reset' },
  mute: { what: 'silence' },
  'manual-alarm': { what: 'fire', detail: 'manual alarm' },
  'alarm-cleared': { what: 'operation', detail: 'alarm cleared' },
  'self-test': { what: 'self-test' },
  confirm: { what: 'operation', detail: 'confirm' },
  'duty-answer': { what: 'duty-answer' },
  test: { what: 'test' },
};

const QUANTITY_OF = new Map(Object.entries(QUANTITIES).map(([name, { code }]) => [code as number, name as Quantity]));

/** The fields an object may have; each unit type has some of them. */
interface ObjectFields {
  readonly systemType?: number;
  readonly systemAddress?: number;
  readonly componentType?: number;
  readonly componentAddress?: number;
  readonly status?: number;
  readonly text?: Uint8Array;
  readonly time?: TimeTag;
  readonly analogueType?: number;
  readonly raw?: number;
  readonly operation?: number;
  readonly operator?: number;
  readonly channelNumber?: number;
  // of makers: what a fire panel prints, or passes through
  readonly panel?: number;
  readonly alarmKind?: number;
  readonly deviceName?: Uint8Array;
  readonly place?: Uint8Array;
  readonly message?: Uint8Array;
  readonly crt?: Uint8Array;
  readonly data?: Uint8Array;
}

/** The four bytes of the address, low word and high word: which is loop and which point is the maker's (gb26875 notes, 11). */
function addressOf({ systemAddress, componentAddress }: ObjectFields, source: string, dialect: Dialect): Observation['address'] {
  const device = { device: source };
  if (componentAddress === undefined) return systemAddress === undefined ? device : { ...device, controller: systemAddress };
  const [low, high] = dialect.addressSplit ?? [];
  if (!low || !high) return { ...device, controller: systemAddress ?? 0, point: componentAddress };
  return { ...device, controller: systemAddress ?? 0, [low]: componentAddress & 0xffff, [high]: componentAddress >>> 16 };
}

/** A private description of FF ×4, area, loop, number, FF ×4, value, kind is no text (gb26875-site). */
function privateReading(text: Uint8Array): Pick<Observation, 'value' | 'quantity'> | null {
  const marks = [...text.subarray(0, 4), ...text.subarray(20, 24)];
  if (text.length !== 31 || marks.some((byte) => byte !== 0xff)) return null;
  const value = text[24]! | (text[25]! << 8);
  const quantity = PRIVATE_QUANTITIES[text[26]!];
  return quantity ? { value, quantity } : { value };
}

const PRIVATE_QUANTITIES: Readonly<Record<number, Quantity>> = { 0: 'residual-current', 1: 'temperature' };

/** The device's time in the zone of the site, or in UTC where the dialect says in which zone it counts. */
function deviceTimeOf(tag: TimeTag, { clock, zoneMinutes }: Dialect): string | null {
  const shown = clock.show(tag) as string | null;
  if (shown === null || zoneMinutes === undefined) return shown;
  return `${new Date(Date.parse(`${shown}Z`) - zoneMinutes * 60_000).toISOString().slice(0, 19)}Z`;
}

/** Everything the objects of one unit type share: who, when, in which words. */
function base(object: ObjectFields, source: string, dialect: Dialect): Omit<Observation, 'what'> {
  const text = object.text && !privateReading(object.text) && object.text[0] !== 0xff ? showText(object.text) : '';
  return {
    address: addressOf(object, source, dialect),
    ...(object.componentType === undefined ? {} : { componentType: object.componentType }),
    ...(object.time === undefined ? {} : { deviceTime: deviceTimeOf(object.time, dialect) }),
    ...(text === '' ? {} : { text, textHex: toHex(object.text!) }),
  };
}

/** Unit types by which GST says that a state is over. */
const RESTORED: ReadonlySet<number> = new Set([0x86, 0x87]);

function stateObservations(type: number, object: ObjectFields, source: string, dialect: Dialect): Observation[] {
  const common = base(object, source, dialect);
  if (RESTORED.has(type)) return [{ what: 'restored', ...common }];
  const reading = object.text ? privateReading(object.text) : null;
  const states = statesOf(object, dialect);
  const said = states.flatMap((state) => STATE_WORDS[state] ?? []);
  if (said.length > 0) return said.map((words) => ({ ...words, ...common, ...reading }));
  // A word in which only reserved bits are set does not say that all is well.
  if (states.some((state) => state.startsWith('bit-'))) return [{ what: 'text', ...common, detail: `state ${states.join(', ')}` }];
  if (reading && object.componentType === 16) return [{ what: 'reading', ...common, ...reading }];
  return [{ what: type === 21 ? 'link' : 'restored', ...common }];
}

function analogueObservation(object: ObjectFields, source: string, dialect: Dialect): Observation {
  const { analogueType = 0, raw = 0 } = object;
  const { value } = analogueIn(analogueType, raw, dialect);
  const own = dialect.analogueTypes?.get(analogueType);
  const quantity = own ? own.quantity : QUANTITY_OF.get(analogueType);
  const common = base(object, source, dialect);
  const channel = object.channelNumber ?? own?.channel;
  return {
    what: 'reading',
    ...common,
    address: { ...common.address, ...(channel === undefined ? {} : { channel }) },
    value: value === null ? null : value / (own?.unitsPerQuantity ?? 1),
    ...(quantity ? { quantity } : {}),
  };
}

function operationObservations(object: ObjectFields, source: string, dialect: Dialect): Observation[] {
  const common = { ...base(object, source, dialect), operatorNumber: object.operator ?? 0 };
  return operationsOf(object).flatMap((name) => {
    const words = OPERATION_WORDS[name];
    return words ? [{ ...words, ...common }] : [];
  });
}

/** `机器01,回路04,部件165` in a panel's own words. */
const WRITTEN_PLACE = /机[器号](\d{1,5})\D{0,3}回路(\d{1,5})\D{0,3}部件(\d{1,5})/;
/** Alarm kinds of types 9 and 10 by their bits, the graver first. The bits of some panels say nothing: a printed word decides. */
const ALARM_KINDS: ReadonlyArray<readonly [bit: number, what: What]> = [
  [1, 'fire'],
  [2, 'fault'],
  [3, 'operation'],
];

/** Lines of a printed text, without what steers the printer. */
function linesOf(bytes: Uint8Array): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what steers a printer is no text
  const lines = gbLenient(bytes).split(/[\u0000-\u001f\u007f\ufffd]+/);
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

/** Everything a fire panel printed into one object, and the words that say what happened: names of places hold such words too. */
function printed({ deviceName, place, message, crt, data }: ObjectFields): { readonly lines: string[]; readonly words: string[] } {
  if (data) {
    const lines = linesOf(withoutCommands(data));
    return { lines, words: lines.filter((line) => wordSaying(line)).sort((a, b) => a.length - b.length) };
  }
  const fields = crt ? (crtFields.show(crt) as { fields: ReadonlyArray<string | number | null> }).fields : [];
  const texts = crt
    ? fields.flatMap((one) => (typeof one === 'string' ? [one] : []))
    : [deviceName, place, message].map((one) => showText(one!));
  const lines = texts.filter((text) => text !== '');
  return { lines, words: message ? [showText(message)] : lines.slice(-1) };
}

/** What a fire panel printed, passed on word by word (gb26875 notes, 12.3, types 9, 10 and 141). */
function printedObservation(object: ObjectFields, source: string, dialect: Dialect): Observation[] {
  const { crt, panel, alarmKind = crt?.[1] ?? 0 } = object;
  const { lines, words } = printed(object);
  if (lines.length === 0) return [];
  const text = lines.join(' ');
  const saying = wordSaying(words[0] ?? '');
  const kind = ALARM_KINDS.find(([bit]) => alarmKind & (1 << bit))?.[1];
  const [, controller = panel, loop, point] = WRITTEN_PLACE.exec(text) ?? [];
  return [
    {
      ...base(object, source, dialect),
      what: saying?.what ?? kind ?? 'text',
      ...(saying?.detail === undefined ? {} : { detail: saying.detail }),
      address: {
        device: source,
        ...(controller === undefined ? {} : { controller: Number(controller) }),
        ...(loop === undefined ? {} : { loop: Number(loop), point: Number(point) }),
      },
      text,
    },
  ];
}

/** What the objects of an upload say. A maker's type without state, value, operation or words is told once, by its name. */
export function saidBy(
  type: number,
  objects: ReadonlyArray<Readonly<Record<string, unknown>>>,
  source: string,
  dialect: Dialect,
): Observation[] {
  return (objects as readonly ObjectFields[]).flatMap((object): Observation[] => {
    if (object.status !== undefined) return stateObservations(type, object, source, dialect);
    if (object.raw !== undefined) return [analogueObservation(object, source, dialect)];
    if (object.operation !== undefined) return operationObservations(object, source, dialect);
    if (object.message ?? object.crt ?? object.data) return printedObservation(object, source, dialect);
    if (UNIT_TYPES.has(type) || object !== objects[0]) return [];
    const row = bodyOf(dialect.types.get(type)!, objects[0]!);
    return [{ what: 'text', ...base(object, source, dialect), detail: row.en, text: row.zh }];
  });
}
