import { toHex } from '../codec/hex.ts';
import type { Decoded, Identity, Stimulus, TalkingFamily } from '../family.ts';
import type { Dialect } from '../gb26875/dialects/dialect.ts';
import { STANDARD } from '../gb26875/dialects/habits.ts';
import { heartbeatOf } from '../gb26875/dialects/heartbeats.ts';
import { DIALECTS } from '../gb26875/dialects/register.ts';
import { encodeText, parseTimeTag } from '../gb26875/fields.ts';
import { decodeFrame, encodeFrame, FRAME_BYTES_MIN, unitOf } from '../gb26875/frame.ts';
import { decodeUnit, encodeUnit } from '../gb26875/units.ts';
import { frameView } from '../gb26875/view.ts';
import type { What } from '../observation.ts';
import { saidBy } from './gb26875-saying.ts';
import { orNull, seen } from './saying.ts';

const SEND = 2;
const CONFIRM = 3;
const ANSWER = 5;
const DENIAL = 6;

/** 源地址, the key of a device: its six bytes as they are (gb26875 notes, 11). */
function senderOf(bytes: Uint8Array): string {
  return toHex(bytes.length < FRAME_BYTES_MIN ? bytes.subarray(2, 8) : bytes.subarray(12, 18));
}

function decode(bytes: Uint8Array, dialect: Dialect): Decoded {
  const device = senderOf(bytes);
  const form = heartbeatOf(bytes, dialect);
  const heartbeat = [{ what: 'heartbeat', address: { device } }] as const;
  if (bytes.length < FRAME_BYTES_MIN) {
    if (form) return { fields: { heartbeat: form, source: device }, observations: heartbeat };
    return { fields: { direction: 'centre-to-transmitter' }, observations: [], fromHost: true };
  }
  const { kind: _, hex: __, ...fields } = frameView(bytes, dialect);
  if (form) return { fields, observations: heartbeat };
  const { command } = decodeFrame(bytes).control;
  if (command === CONFIRM) return { fields, observations: [{ what: 'link', address: {} }] };
  const unit = decodeUnit(unitOf(bytes), dialect.types);
  if (unit && dialect.secretTypes?.has(unit.type))
    return { fields: { ...fields, unit: { type: unit.type, secret: true } }, observations: [] };
  const unread = (remark: string) => seen(bytes, { fields, observations: [], remarks: [remark] }, { device });
  if (command >= 128) return unread('user-defined command');
  if (isDenied(command, dialect)) return { fields, observations: [], remarks: ['unknown command: denied'] };
  if (!unit || (command !== SEND && command !== ANSWER)) return { fields, observations: [] };
  if ('raw' in unit) return unread(unit.why);
  return { fields, observations: saidBy(unit.type, unit.objects, device, dialect) };
}

/** A frame is sent again as it is, with its serial number and its time (gb26875 notes, 13.2). */
function identityOf(bytes: Uint8Array, dialect: Dialect): Identity | null {
  if (bytes.length < FRAME_BYTES_MIN) return null;
  const deviceTime = frameView(bytes, dialect)['time'];
  return typeof deviceTime === 'string' ? { key: toHex(bytes), deviceTime } : null;
}

/** The unit that answers a heartbeat of one byte (gb26875 notes, 12.1). */
const ONE_BYTE_REPLY = 0x17;

/** Time-out of 10 s and three re-sends: a frame that is wholly equal within four of them is a repeat (gb26875 notes, 13.2). */
const REPEAT_MS = 40_000;

/** Commands of a device that are confirmed: uploads, the heartbeat of some, and whatever a maker defines (gb26875 notes, 14.5). */
function isConfirmed(command: number, { confirms = [] }: Dialect): boolean {
  return command === SEND || command === 1 || command === 7 || command >= 128 || confirms.includes(command);
}

/** §6.5.3: a command that is none of ours, and no answer to one. */
const isDenied = (command: number, dialect: Dialect) =>
  !isConfirmed(command, dialect) && command !== CONFIRM && command !== ANSWER && command !== DENIAL;

/** 确认: serial and version of the upload, own time, addresses swapped. Unknown commands are denied (§6.5.3), private ones confirmed. */
function answer(bytes: Uint8Array, localTime: string, dialect: Dialect): Uint8Array | null {
  const form = heartbeatOf(bytes, dialect);
  if (bytes.length < FRAME_BYTES_MIN) return form ? Uint8Array.of(0x40, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x23) : null;
  const { serial, mainVersion, userVersion, source, destination, command } = decodeFrame(bytes).control;
  if (command === CONFIRM || command === ANSWER || command === DENIAL) return null;
  const reply = {
    serial,
    mainVersion,
    userVersion,
    time: dialect.clock.parse(localTime),
    source: destination,
    destination: source,
    command: isDenied(command, dialect) ? DENIAL : CONFIRM,
  };
  return encodeFrame(reply, Uint8Array.from(form === 'one-byte-unit' ? [ONE_BYTE_REPLY] : []));
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
    identity: (packet) => identityOf(packet, dialect),
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
