import { EVENT_KINDS, type EventKind, type Part, QUANTITIES, type SiteEvent, type State } from '../event.ts';
import { ANALOGUE_TYPES } from '../gb26875/codes.ts';
import { encodeText, timeTagOf } from '../gb26875/fields.ts';
import { encodeUnit } from '../gb26875/units.ts';
import type { PlainProfile, PlainWritten } from './plain.ts';

/** Bits of the state words, Fig. 6 and 7. Bit 8 of a component is its own power, of a system its main power. */
const FAULT = 2;
const SUPERVISORY = 4;
const POWER = 8;

/**
 * The bit by which a state is told. What has no bit of its own is told by the one that makes the right people look: an alarm that is
 * no fire as supervisory (监管), a device that does not work as a fault. null: the standard says nothing of it.
 */
const STATE_BITS: Readonly<Record<State, number | null>> = {
  fire: 1,
  fault: FAULT,
  shield: 3,
  supervisory: SUPERVISORY,
  start: 5,
  feedback: 6,
  delay: 7,
  'main-power': POWER,
  'backup-power': 9,
  bus: 10,
  manual: 11,
  configuration: 12,
  reset: 13,
  'first-fire': 1,
  'manual-call-point': 1,
  prealarm: SUPERVISORY,
  'gas-alarm': SUPERVISORY,
  'electrical-alarm': SUPERVISORY,
  'water-release': SUPERVISORY,
  low: SUPERVISORY,
  high: SUPERVISORY,
  removed: FAULT,
  tilt: FAULT,
  'sensor-failed': FAULT,
  offline: FAULT,
  'battery-low': POWER,
  muted: null,
  'self-test': null,
  test: null,
};

/** Kinds that are no state by that name. */
const KIND_STATES: Readonly<Partial<Record<EventKind, State>>> = { link: 'offline' };

/** Bits of a component go no higher (Fig. 7): its second power and its bus are told as power and as fault. */
const COMPONENT_BITS: Readonly<Record<number, number | null>> = { 9: POWER, 10: FAULT, 11: null, 12: null, 13: null };

/** Bits of the transmission device's own state word, Fig. 13: what the gateway can say of itself. */
const DEVICE_BITS: Readonly<Partial<Record<EventKind, number>>> = {
  fire: 1,
  fault: 2,
  'main-power': 3,
  'backup-power': 4,
  'battery-low': 4,
  link: 6,
};

const OPERATION_BITS = { reset: 0, mute: 1, 'manual-alarm': 2, 'alarm-cleared': 3, 'self-test': 4, confirm: 5, test: 6 } as const;
const DUTY_ANSWER = 1 << 5;

/** Bit 0 is clear exactly where the event is a test (GB/T 45839-2025 5.8.4). */
const live = ({ test = [] }: SiteEvent) => (test.length > 0 ? 0 : 1);
const time = ({ time: { ms, zoneMinutes } }: SiteEvent) => timeTagOf(ms, zoneMinutes);

function stateOf(kind: EventKind): State | null {
  return kind in STATE_BITS ? (kind as State) : (KIND_STATES[kind] ?? null);
}

/** The state word: everything the part is in, if the event says so, otherwise what the event itself is about. null: nothing of it can be said. */
function stateWord(event: SiteEvent): number | null {
  const { kind, edge, states, part } = event;
  const about = stateOf(kind);
  const bitOf = (state: State) => {
    const bit = STATE_BITS[state];
    return bit !== null && bit > POWER && part.component ? (COMPONENT_BITS[bit] ?? null) : bit;
  };
  if (kind !== 'normal' && (about === null || bitOf(about) === null)) return null;
  const now: readonly State[] = edge === 'ended' || about === null ? (states ?? []) : [...(states ?? []), about];
  return now.reduce((word, state) => word | (bitOf(state) === null ? 0 : 1 << bitOf(state)!), live(event));
}

function one(type: number, object: Readonly<Record<string, unknown>>): PlainWritten {
  return { unit: encodeUnit({ type, count: 1, objects: [object] }) };
}

/** The value in steps of table 6; null where the table has no such quantity or the value lies outside it. */
function steps({ measured }: SiteEvent): { readonly analogueType: number; readonly raw: number } | null {
  const code = measured ? QUANTITIES[measured.quantity].code : 0;
  const type = ANALOGUE_TYPES.get(code);
  if (!type || measured?.value === null || measured === undefined) return null;
  if (measured.value < type.min || measured.value > type.max) return null;
  return { analogueType: code, raw: Math.round(measured.value * type.perUnit) };
}

/**
 * The transmission device, that is: the gateway, speaks of itself (types 24 and 21); null: the event is not its own. What a device said
 * names its family, what the gateway says of itself has none: a fire of a device nobody listed has no part either.
 */
function ofDevice(event: SiteEvent): PlainWritten | null {
  if (event.kind === 'duty-answer') return one(24, { operation: DUTY_ANSWER, operator: event.operatorNumber ?? 0, time: time(event) });
  const bit = DEVICE_BITS[event.kind];
  if (bit === undefined || event.family !== undefined || !isNowhere(event.part)) return null;
  return one(21, { status: live(event) | (event.edge === 'ended' ? 0 : 1 << bit), time: time(event) });
}

const isNowhere = ({ systemType, systemAddress, component }: Part) => systemType === 0 && systemAddress === 0 && !component;

/**
 * Part 0, 0 stands for no place of a fire system: a device nobody listed. It is told as the component 0 of it (type 2), which has words
 * for who it is; what only a system can be (by hand, reset …) as the system 0 (type 1).
 */
function placed(event: SiteEvent): SiteEvent {
  const { part, place, text, source, kind } = event;
  const about = stateOf(kind);
  if (!isNowhere(part) || (about !== null && (STATE_BITS[about] ?? 0) > POWER)) return event;
  return { ...event, part: { ...part, component: { type: 0, address: 0 } }, place: place || text ? (place ?? '') : source };
}

/** Whether what people did is the whole of the event: an alarm that also names an operation is told as the alarm. */
function isOperation({ kind, operations = [] }: SiteEvent): boolean {
  const about = stateOf(kind);
  const isState = about !== null && about !== 'reset' && STATE_BITS[about] !== null;
  return operations.length > 0 && !isState;
}

function unsayable({ kind, note, measured }: SiteEvent): PlainWritten {
  const what = note ?? (kind === 'reading' && measured ? `reading of ${measured.quantity}` : EVENT_KINDS[kind].en);
  return { unsayable: `GB/T 26875.3-2011 has no word for this: ${what} 标准无对应类型` };
}

function write(said: SiteEvent): PlainWritten {
  const own = ofDevice(said);
  if (own) return own;
  if (isOperation(said)) {
    const { systemType, systemAddress } = said.part;
    const operation = said.operations!.reduce((bits, name) => bits | (1 << OPERATION_BITS[name]), 0);
    return one(4, { systemType, systemAddress, operation, operator: said.operatorNumber ?? 0, time: time(said) });
  }
  const event = placed(said);
  const { systemType, systemAddress, component } = event.part;
  const system = { systemType, systemAddress };
  const at = { ...system, componentType: component?.type ?? 0, componentAddress: component?.address ?? 0 };
  const value = steps(event);
  if (value && event.kind === 'reading') return one(3, { ...at, ...value, time: time(event) });
  const status = stateWord(event);
  if (status === null) return unsayable(event);
  if (!component) return one(1, { ...system, status, time: time(event) });
  const text = encodeText([event.place, event.text].filter(Boolean).join(' '), 31);
  return one(2, { ...at, status, text, time: time(event) });
}

/** What a centre understands that knows GB/T 26875.3-2011 and nothing else: types 1–4, 21 and 24, one object a frame. */
export const GB26875_2011: PlainProfile = {
  name: 'gb26875-2011',
  title: { en: 'GB/T 26875.3-2011 as it stands', zh: 'GB/T 26875.3-2011 原文' },
  losses: [
    { en: 'milliseconds, the zone of times, who heard it when', zh: '毫秒、时区、接收时间' },
    { en: 'text and place beyond 31 bytes of GB 18030', zh: '超出 31 字节的说明与位置' },
    {
      en: 'gas alarm, electrical alarm, pre-alarm, limits and water release are all "supervisory"',
      zh: '燃气、电气、预警、越限、出水均作“监管”',
    },
    {
      en: 'lost, removed and tilted devices and failed sensors are all "fault"; a low battery is a power fault',
      zh: '离线、拆除、倾斜、传感器故障均作“故障”,欠压作电源故障',
    },
    { en: 'values outside table 6, and its steps (0.1 kPa, 0.1 ℃ …) cut what is finer', zh: '表 6 之外的模拟量,及小于最小计量单元的部分' },
    {
      en: 'battery, radio, tilt, evidence, event ids, notes of the gateway, signs of life of devices',
      zh: '电池、信号、倾角、原始报文、事件标识、网关自述、设备心跳',
    },
  ],
  write,
};
