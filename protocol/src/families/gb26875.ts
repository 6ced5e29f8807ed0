import { toHex } from '../codec/hex.ts';
import { QUANTITIES, type Quantity } from '../event.ts';
import type { Decoded, Stimulus, TalkingFamily } from '../family.ts';
import { DEVICE_STATES, FACILITY_OPERATIONS, namesOfBits, SYSTEM_STATES } from '../gb26875/codes.ts';
import { DIALECTS, type Dialect, heartbeatOf, STANDARD } from '../gb26875/dialects.ts';
import { encodeText, parseTimeTag, showText, showTimeTag, type TimeTag, tagFromBcd, tagToBcd } from '../gb26875/fields.ts';
import { decodeFrame, encodeFrame, FRAME_BYTES_MIN, type Frame } from '../gb26875/frame.ts';
import { decodeUnit, encodeUnit } from '../gb26875/units.ts';
import { analogueIn, componentStates, frameView } from '../gb26875/view.ts';
import type { Observation, What } from '../observation.ts';
import { orNull, seen } from './saying.ts';

const SEND = 2;
const CONFIRM = 3;

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
  removed: { what: 'removed' },
  'battery-low': { what: 'battery-low' },
  low: { what: 'low' },
  high: { what: 'high' },
  open: { what: 'tilt', detail: 'cover open' },
  'water-release': { what: 'water-release' },
  tilt: { what: 'tilt' },
};

const OPERATION_WORDS: Readonly<Record<string, { readonly what: What; readonly detail?: string }>> = {
  reset: { what: 'reset' },
  mute: { what: 'silence' },
  'manual-alarm': { what: 'fire', detail: 'manual alarm' },
  'alarm-cleared': { what: 'operation', detail: 'alarm cleared' },
  'self-test': { what: 'self-test' },
  confirm: { what: 'operation', detail: 'confirm' },
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

function statesOf(type: number, object: ObjectFields, dialect: Dialect): string[] {
  if (type === 21) return namesOfBits(object.status ?? 0, DEVICE_STATES);
  if (type === 1 || type === 0x86) return namesOfBits(object.status ?? 0, SYSTEM_STATES);
  return componentStates(object.componentType ?? 0, object.status ?? 0, dialect);
}

/** Everything the objects of one unit type share: who, when, in which words. */
function base(object: ObjectFields, source: string, dialect: Dialect): Omit<Observation, 'what'> {
  const text = object.text && !privateReading(object.text) && object.text[0] !== 0xff ? showText(object.text) : '';
  return {
    address: addressOf(object, source, dialect),
    ...(object.componentType === undefined ? {} : { componentType: object.componentType }),
    ...(object.time === undefined ? {} : { deviceTime: showTimeTag(dialect.bcdClock ? tagFromBcd(object.time) : object.time) }),
    ...(text === '' ? {} : { text, textHex: toHex(object.text!) }),
  };
}

function stateObservations(type: number, object: ObjectFields, source: string, dialect: Dialect): Observation[] {
  const common = base(object, source, dialect);
  if (type === 0x86 || type === 0x87) return [{ what: 'restored', ...common }];
  const reading = object.text ? privateReading(object.text) : null;
  const states = statesOf(type, object, dialect);
  const said = states.flatMap((state) => STATE_WORDS[state] ?? []);
  if (said.length > 0) return said.map((words) => ({ ...words, ...common, ...reading }));
  // A word in which only reserved bits are set does not say that all is well.
  if (states.some((state) => state.startsWith('bit-'))) return [{ what: 'text', ...common, detail: `state ${states.join(', ')}` }];
  if (reading && object.componentType === 16) return [{ what: 'reading', ...common, ...reading }];
  return [{ what: type === 21 ? 'link' : 'restored', ...common }];
}

function analogueObservation(object: ObjectFields, source: string, dialect: Dialect): Observation {
  const { value } = analogueIn(object.analogueType ?? 0, object.raw ?? 0, dialect);
  const quantity = QUANTITY_OF.get(object.analogueType ?? 0);
  return { what: 'reading', ...base(object, source, dialect), value, ...(quantity ? { quantity } : {}) };
}

function operationObservations(type: number, object: ObjectFields, source: string, dialect: Dialect): Observation[] {
  const common = { ...base(object, source, dialect), operatorNumber: object.operator ?? 0 };
  return namesOfBits(object.operation ?? 0, FACILITY_OPERATIONS).flatMap((name) => {
    if (type === 24 && name === 'confirm') return [{ what: 'duty-answer' as const, ...common }];
    const words = OPERATION_WORDS[name];
    return words ? [{ ...words, ...common }] : [];
  });
}

function observationsOf({ control, unit }: Frame, bytes: Uint8Array, dialect: Dialect): Observation[] {
  const source = senderOf(bytes);
  if (heartbeatOf(bytes, dialect)) return [{ what: 'heartbeat', address: { device: source } }];
  const read = decodeUnit(unit, dialect.types);
  if (control.command !== SEND && control.command !== 5) return control.command === CONFIRM ? [{ what: 'link', address: {} }] : [];
  if (!read || 'raw' in read) return [];
  const objects = read.objects as readonly ObjectFields[];
  if (read.type === 3) return objects.map((object) => analogueObservation(object, source, dialect));
  if (read.type === 4 || read.type === 24) return objects.flatMap((object) => operationObservations(read.type, object, source, dialect));
  return objects.flatMap((object) => (object.status === undefined ? [] : stateObservations(read.type, object, source, dialect)));
}

/** 源地址, the key of a device: its six bytes as they are (gb26875 notes, 11). */
function senderOf(bytes: Uint8Array): string {
  return toHex(bytes.length < FRAME_BYTES_MIN ? bytes.subarray(2, 8) : bytes.subarray(12, 18));
}

function decode(bytes: Uint8Array, dialect: Dialect): Decoded {
  const device = senderOf(bytes);
  if (bytes.length < FRAME_BYTES_MIN)
    return { fields: { heartbeat: 'twelve-bytes', source: device }, observations: [{ what: 'heartbeat', address: { device } }] };
  const { kind: _, hex: __, ...fields } = frameView(bytes, dialect);
  const unit = fields['unit'] as { why?: string } | null;
  const observations = observationsOf(decodeFrame(bytes), bytes, dialect);
  return seen(bytes, { fields, observations, ...(unit?.why ? { remarks: [unit.why] } : {}) }, { device });
}

/** The unit that answers a heartbeat of one byte (gb26875 notes, 12.1). */
const ONE_BYTE_REPLY = 0x17;

/** Time-out of 10 s and three re-sends: a frame that is wholly equal within four of them is a repeat (gb26875 notes, 13.2). */
const REPEAT_MS = 40_000;

/** 确认: serial and version of the upload, own time, addresses swapped. Unknown commands are denied (§6.5.3), private ones confirmed. */
function answer(bytes: Uint8Array, localTime: string, dialect: Dialect): Uint8Array | null {
  if (bytes.length < FRAME_BYTES_MIN) return Uint8Array.of(0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x23);
  const { control } = decodeFrame(bytes);
  if (control.command === CONFIRM || control.command === 5 || control.command === 6) return null;
  const time = parseTimeTag(localTime);
  const known = control.command === SEND || control.command === 1 || control.command === 7 || control.command >= 128;
  const { serial, mainVersion, userVersion, source, destination } = control;
  const reply = {
    serial,
    mainVersion,
    userVersion,
    time: dialect.bcdClock ? tagToBcd(time) : time,
    source: destination,
    destination: source,
    command: known ? CONFIRM : 6,
  };
  const isOneByte = heartbeatOf(bytes, dialect) === 'one-byte-unit';
  return encodeFrame(reply, Uint8Array.from(isOneByte ? [ONE_BYTE_REPLY] : []));
}

const SAYABLE: ReadonlyMap<What, number> = new Map([
  ['fire', 0b11],
  ['fault', 0b101],
  ['shield', 0b1001],
  ['supervisory', 0b10001],
  ['start', 0b100001],
  ['feedback', 0b1000001],
  ['restored', 1],
]);

function say({ what, address, componentType, deviceTime }: Stimulus): Uint8Array | null {
  const status = SAYABLE.get(what);
  const time = parseTimeTag(deviceTime);
  const control = { serial: 0, mainVersion: 1, userVersion: 1, time, source: 3_000_001, destination: 20, command: SEND };
  if (what === 'reset')
    return encodeFrame(
      control,
      encodeUnit({
        type: 4,
        count: 1,
        objects: [{ systemType: 1, systemAddress: address.controller ?? 0, operation: 1, operator: 0, time }],
      }),
    );
  if (status === undefined) return null;
  const object = {
    systemType: 1,
    systemAddress: address.controller ?? 0,
    componentType: componentType ?? 40,
    componentAddress: address.point ?? 0,
    status,
    text: encodeText('', 31),
    time,
  };
  return encodeFrame(control, encodeUnit({ type: 2, count: 1, objects: [object] }));
}

const HEAD = `40 40${' ??'.repeat(22)}`;
const reply = (command: string) => `${HEAD} 00 00 ${command} ?? 23 23`;

function family(name: string, dialect: Dialect, card: Card): TalkingFamily {
  return {
    shape: 'talks',
    name,
    version: 1,
    tier: 1,
    ...card,
    line: { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
    cut: dialect.cut,
    decode: (packet) => decode(packet, dialect),
    answer: (packet, localTime) => answer(packet, localTime, dialect),
    sender: senderOf,
    repeatMs: REPEAT_MS,
    emits: [
      { bytes: reply('03'), en: 'confirm', zh: '确认' },
      { bytes: reply('06'), en: 'denial', zh: '否认' },
      { bytes: `${HEAD} 01 00 03 17 ?? 23 23`, en: 'confirm of a one-byte heartbeat', zh: '单字节心跳确认' },
      { bytes: '40 40 00 00 00 00 00 00 00 00 23 23', en: 'reply to a 12-byte heartbeat', zh: '12 字节心跳应答' },
    ],
    neverSent: [
      {
        bytes: `${HEAD} ?? ?? 01 *`,
        en: 'control command: initialise, clock, duty check, remote control',
        zh: '控制命令:初始化、校时、查岗、远程控制',
      },
      { bytes: `${HEAD} ?? ?? 80 *`, en: 'user-defined command', zh: '用户自定义命令' },
    ],
    gapMs: 1000,
    silenceMs: 240_000,
    play: {
      idle: (deviceTime) =>
        encodeFrame(
          { serial: 0, mainVersion: 1, userVersion: 1, time: parseTimeTag(deviceTime), source: 3_000_001, destination: 20, command: SEND },
          Uint8Array.of(),
        ),
      idleEveryMs: 25_000,
      hostCut: dialect.cut,
      say: (stimulus) => orNull(() => say(stimulus)),
      confirms: (packet) => packet[26] === CONFIRM,
      repeatEveryMs: 5_100,
    },
  };
}

type Card = Pick<TalkingFamily, 'title' | 'basis' | 'notes'>;

/** A family with itself in every dialect. */
function inDialects(name: string, standard: Dialect, card: Card): TalkingFamily {
  const dialects = new Map([...DIALECTS.values()].map((dialect) => [dialect.name, family(name, dialect, card)]));
  return { ...family(name, standard, card), dialects };
}

/** User information transmission devices of any maker, by the standard's text. */
export const gb26875 = inDialects('gb26875', STANDARD, {
  title: { en: 'GB/T 26875.3 transmission device', zh: 'GB/T 26875.3 用户信息传输装置' },
  basis: 'GB/T 26875.3-2011; 168 frames, many captured',
  notes: [
    {
      en: 'makers redefine states and user types: name the dialect where the device has one',
      zh: '厂家常改状态字与自定义类型,请为设备指定方言',
    },
  ],
});

/** One maker's transmitters with a private heartbeat and a private description. */
export const gb26875Site = inDialects('gb26875-site', DIALECTS.get('private-heartbeat')!, {
  title: { en: 'GB/T 26875.3 transmitter with private heartbeat', zh: 'GB/T 26875.3 传输装置(私有心跳)' },
  basis: 'field captures of three sites',
});
