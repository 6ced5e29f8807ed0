import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation } from '../observation.ts';
import {
  batteryOf,
  FROM_DEVICE,
  isObject,
  type JsonObject,
  NB_SILENCE_MS,
  numbered,
  numberOf,
  objectOf,
  radioOf,
  stringOf,
  textOf,
} from './json-payload.ts';
import { FANS, GAS_EVENTS, GAS_STATES, GENERIC_ALARMS, MEDIA, SMOKE_STATUS, VALVES } from './nb-lian-codes.ts';
import { keyOf, type Saying, spoken, unknownCode } from './saying.ts';

interface Read {
  readonly device: string | null;
  readonly fields: Record<string, unknown>;
  readonly observations: readonly Observation[];
  readonly remarks?: readonly string[];
}

const SMOKE = { componentType: 42 } as const;
const GAS = { componentType: 10 } as const;
const named = (code: string, saying: { readonly en: string } | undefined) => (saying ? `${code} ${saying.en}` : code);
const unknown = (saying: Saying | undefined) => (saying ? [] : ['unknown code: kept raw']);

/** Smoke: the service data of the parsed profile. RSRP is a positive magnitude. */
function readSmoke(data: JsonObject): Read {
  const status = stringOf(data['Alarm_Status']) ?? '';
  const saying = SMOKE_STATUS[status];
  const said = spoken(saying);
  const radio = radioOf(data['RSRP'], {
    ...numbered('snr', data['SNR']),
    ...numbered('csq', data['CSQ']),
    ...numbered('cellId', data['Cell_ID']),
  });
  const rsrp = radio.radio?.rsrp;
  const fields = { alarmStatus: named(status, saying), rsrpDbm: rsrp ?? null, batteryPercent: numberOf(data['Battery_Level']) };
  return {
    device: stringOf(data['IMEI']),
    fields: { ...fields, snr: numberOf(data['SNR']), temperatureC: numberOf(data['TData']), alarmLevel: numberOf(data['AlarmLevel']) },
    observations: said
      ? [{ ...said, address: {}, ...SMOKE, ...batteryOf(data['Battery_Level']), ...radio }]
      : saying
        ? []
        : unknownCode(status),
    remarks: unknown(saying),
  };
}

/** What a gas detector tells of itself, with its data or alone: battery, signal, cell. */
function stateOfGas(data: JsonObject): Pick<Observation, 'battery' | 'radio'> {
  const volts = numberOf(data['battery_voltage']);
  const battery = { ...batteryOf(data['battery_value']).battery, ...(volts === null ? {} : { millivolts: Math.round(volts * 1000) }) };
  const radio = radioOf(data['rsrp'], {
    ...numbered('snr', data['sinr']),
    ...numbered('coverageLevel', data['ecl']),
    ...numbered('cellId', data['cell_id']),
  });
  return { ...(Object.keys(battery).length > 0 ? { battery } : {}), ...radio };
}

function errorIn(data: JsonObject, about: Omit<Observation, 'what'>): Observation[] {
  const error = numberOf(data['error_code']);
  return error ? [{ what: 'fault', ...about, detail: `error ${error}` }] : [];
}

/** The report of the parsed profile: state, concentration, valve, fan. The state decides, the concentration can be 0 with it. */
function readGas(data: JsonObject, device: string | null): Read {
  const state = stringOf(data['gas_sensor_state']) ?? '';
  const saying = GAS_STATES[state];
  const said = spoken(saying);
  const value = numberOf(data['gas_value']);
  const about = { address: {}, ...GAS, ...stateOfGas(data) };
  const reading: Observation[] = value === null ? [] : [{ what: 'reading', ...about, value, quantity: 'gas' }];
  const alarms = said?.what === 'supervisory' && said.detail ? [said.detail] : [];
  const places = { valve: VALVES[stringOf(data['valve_state']) ?? ''] ?? null, fan: FANS[stringOf(data['fan_state']) ?? ''] ?? null };
  const quiet: Observation[] = value === null ? [{ what: 'heartbeat', ...about }] : [];
  const told = !saying ? unknownCode(state) : said?.what === 'reading' ? quiet : [{ ...said!, ...about }];
  return {
    device,
    fields: {
      gasState: named(state, saying),
      alarms,
      ...places,
      medium: MEDIA[stringOf(data['medium']) ?? ''] ?? null,
      gasValue: value,
      temperatureC: numberOf(data['temperature']),
      volts: numberOf(data['battery_voltage']),
    },
    observations: [...told, ...reading, ...errorIn(data, about)],
    remarks: [...unknown(saying), ...(alarms.length > 0 && value === 0 ? ['gas_value is 0 with an alarm: the state decides'] : [])],
  };
}

/** A report of the signal alone, or an event whose number the platform gives: 1001 alarm, 1002 fault, 1003 low battery, -1 heartbeat, 7 normal. */
function readGasEvent(data: JsonObject, device: string | null): Read {
  const code = stringOf(data['eventCode']) ?? '-1';
  const saying = GAS_EVENTS[code];
  const said = spoken(saying);
  const about = { address: {}, ...GAS, ...stateOfGas(data) };
  return {
    device,
    fields: { event: named(code, saying), rsrpDbm: about.radio?.rsrp ?? null, heartbeatMinutes: numberOf(data['heartbeat_time']) },
    observations: [...(said ? [{ ...said, ...about }] : unknownCode(code)), ...errorIn(data, about)],
    remarks: unknown(saying),
  };
}

/** Electrical and generic: type 1 data, 2 alarm, 3 online. One implementation. */
function readGeneric(data: JsonObject, device: string | null): Read {
  const code = stringOf(data['alarmType']) ?? '';
  const type = stringOf(data['type']) ?? '';
  const saying = GENERIC_ALARMS[code];
  const said =
    type === '3' ? ({ what: 'link', detail: 'restored' } as const) : type === '1' ? ({ what: 'heartbeat' } as const) : spoken(saying);
  return {
    device,
    fields: { type, alarmType: named(code, saying) },
    observations: said ? [{ ...said, address: {} }] : unknownCode(`${type} ${code}`.trim()),
    remarks: ['electrical and generic dialect: rests on one implementation', ...(type === '2' ? unknown(saying) : [])],
  };
}

function readBody(body: JsonObject): Read | null {
  const device = stringOf(body['IMEI']) ?? stringOf(body['deviceCode']);
  const { serviceData, payload } = body as { serviceData?: unknown; payload?: unknown };
  if (isObject(serviceData)) return readBody({ ...(device ? { IMEI: device } : {}), ...serviceData });
  if (isObject(payload)) return readBody({ ...(device ? { IMEI: device } : {}), ...payload });
  if ('Alarm_Status' in body) return readSmoke(body);
  if ('gas_sensor_state' in body) return readGas(body, device);
  if ('eventCode' in body || ('rsrp' in body && ('sinr' in body || 'ecl' in body))) return readGasEvent(body, device);
  return 'alarmType' in body && 'type' in body ? readGeneric(body, device) : null;
}

function decode(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  const read = body ? readBody(body) : null;
  return read ? { ...read, counter: null, fields: { ...FROM_DEVICE, ...read.fields, text } } : null;
}

/** The smoke detector's notification, or the gas detector's data where the word is the gas detector's own. */
function sayObject({ what, detail, value, battery, radio }: Stimulus, device: string): JsonObject | null {
  if (what === 'supervisory' || what === 'reading') {
    const state = keyOf(GAS_STATES, { what, detail });
    return {
      IMEI: device,
      payload: {
        valve_state: 2,
        temperature: 20,
        medium: 0,
        gas_value: value ?? 0,
        gas_sensor_state: Number(state),
        fan_state: 2,
        battery_voltage: 3.6,
        battery_value: battery?.percent ?? 100,
      },
    };
  }
  const status = keyOf(SMOKE_STATUS, { what, detail });
  if (status === null || value !== undefined) return null;
  const levels = { RSRP: -Math.round(radio?.rsrp ?? -90), Battery_Level: battery?.percent ?? 100 };
  return {
    serviceId: 'notification',
    serviceData: {
      TData: 20,
      SNR: 1,
      ...levels,
      IMEI: device,
      Cell_ID_Length: 8,
      Cell_ID: '10000001',
      CSQ: 5,
      Alarm_Status: Number(status),
      AlarmLevel: 0,
    },
  };
}

/** LiAn: smoke and gas detectors behind the parsed profiles of CTWing. */
export const NB_LIAN: PublishingFamily = {
  shape: 'publishes',
  name: 'nb-lian',
  version: 1,
  title: { en: 'LiAn smoke and gas (NB-IoT)', zh: '利安 烟感、燃气(NB-IoT)' },
  tier: 1,
  basis: 'one implementation, with real bodies; the electrical dialect without a body',
  carrier: 'coap',
  decode,
  silenceMs: NB_SILENCE_MS,
  play: {
    say: (stimulus, device) => {
      const body = sayObject(stimulus, device);
      return body === null ? null : new TextEncoder().encode(JSON.stringify(body));
    },
  },
};
