import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation } from '../observation.ts';
import { batteryOf, FROM_DEVICE, type JsonObject, NB_SILENCE_MS, numberOf, objectOf, stringOf, textOf, unixTime } from './json-payload.ts';
import {
  ELECTRICAL_EVENTS,
  GAS_EVENTS,
  METER_TYPES,
  METERS,
  NB306,
  OWN_ALARMS,
  SMOKE_STATES,
  TRANSMITTER_EVENTS,
  VALVES,
} from './nb-wanlin-codes.ts';
import { keyOf, type Saying, spoken, unknownCode } from './saying.ts';

/** What one dialect reads: fields of its own, who sent it, what it said. */
interface Read {
  readonly device: string | null;
  readonly fields: Record<string, unknown>;
  readonly observations: readonly Observation[];
  readonly remarks?: readonly string[];
}

const SMOKE = { componentType: 42 } as const;
const ELECTRICAL = { componentType: 16 } as const;
const GAS = { componentType: 10 } as const;
const unknown = (saying: Saying | undefined) => (saying ? [] : ['unknown code: kept raw']);
const named = (code: string, saying: Saying | undefined) => (saying ? `${code} ${saying.en}` : code);
const present = (value: string | null): Pick<Observation, 'deviceTime'> => (value === null ? {} : { deviceTime: value });

function say(
  saying: Saying | undefined,
  about: Omit<Observation, 'what' | 'detail' | 'address'>,
  address: Observation['address'] = {},
): Observation[] {
  const said = spoken(saying);
  return said ? [{ ...said, address, ...about }] : [];
}

/** Conditions of a detector that have a name of their own beside the words of fire. */
const conditions = (saying: Saying | undefined) => (saying?.what === 'battery-low' || saying?.what === 'removed' ? [saying.what] : []);

/** What a code says; one of no table is heard as just that. */
function sayOrShow(code: string, ...[saying, about, address]: Parameters<typeof say>): Observation[] {
  return saying ? say(saying, about, address) : unknownCode(code);
}

/** Codes of four digits: as text, or as a number that lost its noughts. */
function fourDigits(value: unknown): string {
  return (stringOf(value) ?? '').toUpperCase().padStart(4, '0');
}

/** NB306 smoke: the service data of an OceanConnect push. */
function readNb306(body: JsonObject): Read {
  const state = stringOf(body['devState']) ?? '';
  const command = stringOf(body['cmdValue']) ?? '';
  const cleared: Saying | undefined = command.toLowerCase() === 'f' ? SMOKE_STATES['11'] : undefined;
  const saying = state === '0' && cleared ? cleared : NB306[state];
  const battery = batteryOf(body['electricQuantity']);
  const fields = { batteryPercent: numberOf(body['electricQuantity']), devState: numberOf(state), cmdValue: command };
  const raw = { temperatureRaw: numberOf(body['temperature']), signal: numberOf(body['signal']), smokescope: numberOf(body['smokescope']) };
  return {
    device: stringOf(body['devId']),
    fields: { ...fields, ...raw, alarms: conditions(saying) },
    observations: sayOrShow(state, saying, { ...SMOKE, ...battery }),
    remarks: unknown(saying),
  };
}

const NB301 = /^N(\d+)V(\d+)I(\d{15})H([0-9A-Za-z]*?)X(\d\d)T(-?\d+)U(\d+)S(-?\d+)/;

/** NB301 smoke, in letters: N type, V version, I IMEI, H ICCID, X state, T °C, U battery, S signal. */
function readNb301(text: string): Read | null {
  const found = NB301.exec(text);
  if (!found) return null;
  const [type, version, imei, iccid, state, temperature, battery, signal] = found.slice(1) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const saying = SMOKE_STATES[state];
  const value = Number(temperature);
  const fields = {
    type,
    version: Number(version) / 10,
    imei,
    iccid,
    state: named(state, saying),
    temperatureC: value,
    battery: Number(battery),
    signal: Number(signal),
    alarms: conditions(saying),
  };
  const said = sayOrShow(state, saying, { ...SMOKE, ...batteryOf(battery) });
  const reading: Observation = { what: 'reading', address: {}, ...SMOKE, value, quantity: 'temperature' };
  return { device: imei, fields, observations: [...said, reading], remarks: unknown(saying) };
}

function readNb3011(body: JsonObject, detail: JsonObject): Read {
  const type = stringOf(body['deviceType']) ?? '';
  const code = stringOf(body['deviceCode']);
  const event = stringOf(detail['event']) ?? '';
  const saying = SMOKE_STATES[event];
  const time = unixTime(body['time']);
  const temperature = numberOf(detail['temperature']);
  const content = stringOf(body['content']);
  const told = content ? { text: content } : {};
  const imei = code?.startsWith(type) && code.length === type.length + 15 ? code.slice(type.length) : code;
  const reading: Observation[] =
    temperature === null ? [] : [{ what: 'reading', address: {}, ...SMOKE, value: temperature, quantity: 'temperature', ...present(time) }];
  return {
    device: imei,
    fields: {
      type,
      event: named(event, saying),
      time,
      batteryPercent: numberOf(detail['bat_capacity']),
      temperatureC: temperature,
      signal: numberOf(detail['signal_intensity']),
      version: numberOf(detail['edition']),
      alarms: conditions(saying),
    },
    observations: [...sayOrShow(event, saying, { ...SMOKE, ...batteryOf(detail['bat_capacity']), ...present(time), ...told }), ...reading],
    remarks: unknown(saying),
  };
}

const METER = /^(NB900\d)(\d{3})(\d{15})(\d\d)(\d{4})(\d{4})(-?\d{3,4})NC/;

/** Pressure and level meters: forty characters, values in hundredths. */
function readMeter(text: string): Read | null {
  const found = METER.exec(text);
  const meter = found ? METERS[found[1]!] : undefined;
  if (!found || !meter) return null;
  const [model, series, imei, type] = found.slice(1, 5) as [string, string, string, string];
  const [low, high, value] = found.slice(5).map((digits) => Number(digits) / 100) as [number, number, number];
  const saying = METER_TYPES[type];
  const alarms =
    saying?.what === 'low' || saying?.what === 'high'
      ? [`${meter.name}-${saying.what}`]
      : saying?.what === 'battery-low'
        ? ['battery-low']
        : [];
  const measured = meter.unit === 'MPa' ? { value, quantity: 'pressure-mpa' as const } : { value };
  return {
    device: imei,
    fields: { model, series, imei, type: named(type, saying), low, high, value, unit: meter.unit, alarms },
    observations: [{ what: 'reading', address: {}, ...measured }, ...sayOrShow(type, saying, { ...measured })],
    remarks: [...unknown(saying), ...(meter.unit === null ? ['the unit of the level is not stated'] : [])],
  };
}

const CHANNELS = [1, 2, 3, 4] as const;

function readElectrical(body: JsonObject): Read {
  const type = fourDigits(body['type']);
  const event = stringOf(body['event']) ?? '';
  const time = unixTime(body['eventdate']);
  const currents = CHANNELS.map((channel) => numberOf(body[`current${channel}`]));
  const temperatures = CHANNELS.map((channel) => numberOf(body[`temperature${channel}`]));
  const readings = [...currents.entries()].flatMap(([index, value]): Observation[] =>
    value === null
      ? []
      : [{ what: 'reading', address: { channel: index + 1 }, ...ELECTRICAL, value, quantity: 'current', ...present(time) }],
  );
  const degrees = [...temperatures.entries()].flatMap(([index, value]): Observation[] =>
    value === null
      ? []
      : [{ what: 'reading', address: { channel: index + 1 }, ...ELECTRICAL, value, quantity: 'temperature', ...present(time) }],
  );
  const fields = { type, currents, temperatures, signal: numberOf(body['signal_intensity']), time };
  const device = stringOf(body['chipcode']);
  // A heartbeat may repeat the last event: the type decides.
  if (type === '0301')
    return {
      device,
      fields: { ...fields, lastEvent: event },
      observations: [{ what: 'heartbeat', address: {}, ...ELECTRICAL, ...present(time) }, ...readings, ...degrees],
    };
  const saying = ELECTRICAL_EVENTS[event];
  const said = sayOrShow(event, saying, { ...ELECTRICAL, ...present(time) });
  const observations = saying?.alarm ? [...readings, ...degrees, ...said] : [...said, ...readings, ...degrees];
  return {
    device,
    fields: { ...fields, event: named(event, saying), alarms: saying?.alarm ? [saying.alarm] : [] },
    observations,
    remarks: unknown(saying),
  };
}

function readGas(body: JsonObject): Read {
  const event = fourDigits(body['event']);
  const saying = GAS_EVENTS[event];
  const time = unixTime(body['eventdate']);
  const state = stringOf(body['state']) ?? '';
  const content = stringOf(body['content']);
  return {
    device: stringOf(body['dcode']),
    fields: {
      event: named(event, saying),
      valve: VALVES[state] ?? null,
      content,
      signal: numberOf(body['Signal_Intensity']),
      time,
      alarms: event === '0003' ? ['gas'] : [],
    },
    observations: sayOrShow(event, saying, { ...GAS, ...present(time), ...(content ? { text: content } : {}) }),
    remarks: unknown(saying),
  };
}

function readTransmitter(body: JsonObject): Read {
  const event = fourDigits(body['event']);
  const content = stringOf(body['content']) ?? '';
  const time = unixTime(body['eventdate']);
  const [loop, address] = [numberOf(body['loop']), numberOf(body['address'])];
  const own = event === '0003' ? OWN_ALARMS.find(({ text }) => text.test(content)) : undefined;
  const saying = own?.says ?? TRANSMITTER_EVENTS[event];
  const place = own || loop === null || address === null ? {} : { loop, point: address };
  return {
    device: stringOf(body['dcode']),
    fields: {
      event: named(event, TRANSMITTER_EVENTS[event]),
      loop,
      address,
      content,
      time,
      alarms: own ? [own.name] : event === '0003' ? ['alarm'] : [],
    },
    observations: sayOrShow(
      event,
      saying,
      { ...present(time), ...(content ? { text: content } : {}) },
      saying?.what === 'heartbeat' ? {} : place,
    ),
    remarks: unknown(saying),
  };
}

/** The dialect of a JSON body, told by the names it has; null: none of Wanlin's. */
function readObject(body: JsonObject): Read | null {
  const { detail } = body as { detail?: unknown };
  if ('devState' in body && 'devId' in body) return readNb306(body);
  if ('deviceCode' in body && typeof detail === 'object' && detail !== null && 'event' in detail)
    return readNb3011(body, detail as JsonObject);
  if ('chipcode' in body && ['0301', '0302'].includes(fourDigits(body['type']))) return readElectrical(body);
  if ('dcode' in body && 'event' in body) return 'loop' in body ? readTransmitter(body) : readGas(body);
  // The service data of a push: one name, and the letters of a device as its value.
  const letters = Object.values(body).filter((value) => typeof value === 'string');
  return letters.length === 1 ? readLetters(letters[0]!) : null;
}

function readLetters(text: string): Read | null {
  return readNb301(text.trim()) ?? readMeter(text.trim());
}

function decode(payload: Uint8Array): Published | null {
  const text = textOf(payload);
  if (text === null) return null;
  const body = objectOf(text);
  const read = body ? readObject(body) : readLetters(text);
  if (!read) return null;
  return { ...read, counter: null, fields: { ...FROM_DEVICE, ...read.fields, text } };
}

/** Says it the way an NB301 smoke detector does, or a pressure meter where a value in MPa is told. */
function sayLetters({ what, detail, value, battery }: Stimulus, device: string): string | null {
  const imei = device.padStart(15, '0').slice(-15);
  if (value !== undefined || what === 'low' || what === 'high' || what === 'reading') {
    const type = what === 'reading' ? '10' : keyOf(METER_TYPES, { what, detail });
    const digits = String(Math.round((value ?? 0) * 100)).padStart(4, '0');
    return type === null || digits.length > 4 ? null : `NB9001901${imei}${type}00140120${digits}NC`;
  }
  const state = keyOf(SMOKE_STATES, { what, detail });
  return state === null || !/^\d\d$/.test(state) ? null : `N311V31I${imei}H89860000000000000009X${state}T20U${battery?.percent ?? 99}S18`;
}

/** Wanlin: smoke ×3, pressure, level, electrical, gas, transmitter; in JSON and in letters. */
export const NB_WANLIN: PublishingFamily = {
  shape: 'publishes',
  name: 'nb-wanlin',
  version: 1,
  title: {
    en: 'Wanlin smoke, pressure, level, electrical, gas, transmitter (NB-IoT)',
    zh: '万林 烟感、压力、液位、电气、燃气、传输装置(NB-IoT)',
  },
  tier: 1,
  basis: 'one implementation, with real bodies',
  notes: [
    { en: 'The temperature of an NB306 is probably in tenths: it is shown raw.', zh: 'NB306 的温度可能以 0.1 度为单位:按原值显示。' },
    { en: 'The unit of the level meter is not stated: the site says it.', zh: '液位计单位未说明,由现场指定。' },
  ],
  carrier: 'coap',
  decode,
  silenceMs: NB_SILENCE_MS,
  play: {
    say: (stimulus, device) => {
      const letters = sayLetters(stimulus, device);
      return letters === null ? null : new TextEncoder().encode(letters);
    },
  },
};
