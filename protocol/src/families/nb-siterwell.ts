import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation } from '../observation.ts';
import { batteryOf, FROM_DEVICE, isObject, type JsonObject, NB_SILENCE_MS, numberOf, objectOf, stringOf, textOf } from './json-payload.ts';
import { says, spoken, unknownCode } from './saying.ts';

/** One implementation reads 0 as the alarm: the polarity is a setting of the product. */
const SMOKE_STATES: Readonly<Record<string, ReturnType<typeof says>>> = {
  0: says('fire', 'alarm', '报警'),
  1: says('heartbeat', 'normal', '正常'),
};

function read(data: JsonObject, device: string | null): Omit<Published, 'counter'> {
  const state = stringOf(data['smoke_state']) ?? '';
  const about = { address: {}, componentType: 42, ...batteryOf(data['battery_value']) };
  const said = spoken(SMOKE_STATES[state]);
  const tamper: Observation[] = numberOf(data['tamper_alarm']) ? [{ what: 'removed', detail: 'tamper', ...about }] : [];
  const error: Observation[] = numberOf(data['error']) ? [{ what: 'fault', detail: `error ${numberOf(data['error'])}`, ...about }] : [];
  const raw = { smokeValue: numberOf(data['smoke_value']), heartbeatMinutes: numberOf(data['heartbeat_time']) };
  return {
    device,
    fields: { smokeState: numberOf(state), batteryPercent: numberOf(data['battery_value']), ...raw },
    observations: [...(said ? [{ ...said, ...about }] : unknownCode(state)), ...tamper, ...error],
    remarks: [...(said ? [] : ['unknown code: kept raw']), POLARITY],
  };
}

const POLARITY = 'which smoke_state is the alarm is a setting of the product: read as 0';
const STATE_WORDS: ReadonlySet<string | null> = new Set(Object.values(SMOKE_STATES).map(({ what }) => what));

/** What was read with 0 as the alarm, as it is where the alarm is the other one. Also from inside an operator's push. */
function alarmAt(alarm: 0 | 1): (published: Published) => Published {
  return (published) => {
    const state = published.fields['smokeState'];
    if (state !== 0 && state !== 1) return published;
    const said = SMOKE_STATES[state === alarm ? 0 : 1]!;
    const observations = published.observations.map((one) => (STATE_WORDS.has(one.what) ? { ...one, ...spoken(said)! } : one));
    return { ...published, observations, remarks: published.remarks?.filter((remark) => remark !== POLARITY) ?? [] };
  };
}

/** Which smoke_state is the alarm, as the site has tried it out. */
export const SITERWELL_DIALECTS: PublishingFamily['dialects'] & {} = new Map([
  ['alarm-at-0', alarmAt(0)],
  ['alarm-at-1', alarmAt(1)],
]);

function decode(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  if (!body) return null;
  const data = isObject(body['payload']) ? body['payload'] : isObject(body['serviceData']) ? body['serviceData'] : body;
  if (!('smoke_state' in data)) return null;
  const { fields, ...rest } = read(data, stringOf(body['IMEI']) ?? stringOf(data['IMEI']));
  return { ...rest, counter: null, fields: { ...FROM_DEVICE, ...fields, text } };
}

function say({ what, battery, value }: Stimulus, device: string): Uint8Array | null {
  if (!['fire', 'heartbeat', 'removed', 'fault'].includes(what) || value !== undefined) return null;
  const body = {
    smoke_state: what === 'fire' ? 0 : 1,
    smoke_value: 0,
    battery_value: battery?.percent ?? 100,
    tamper_alarm: what === 'removed' ? 1 : 0,
    error: what === 'fault' ? 1 : 0,
  };
  return new TextEncoder().encode(JSON.stringify({ IMEI: device, payload: { ...body, heartbeat_time: 1440 } }));
}

/** Siterwell smoke detector behind a parsed profile of CTWing. */
export const NB_SITERWELL: PublishingFamily = {
  shape: 'publishes',
  name: 'nb-siterwell',
  version: 1,
  title: { en: 'Siterwell smoke (NB-IoT)', zh: '赛特威尔 烟感(NB-IoT)' },
  tier: 3,
  basis: 'one implementation; no sample',
  notes: [
    {
      en: 'Which smoke_state is the alarm is a setting of the product, read as 0 unless `dialect: alarm-at-1` is set: test the detector before relying on it.',
      zh: 'smoke_state 哪个值为报警由产品设定,默认 0 为报警,相反时设 `dialect: alarm-at-1`:投用前须实测。',
    },
  ],
  carrier: 'coap',
  decode,
  dialects: SITERWELL_DIALECTS,
  silenceMs: NB_SILENCE_MS,
  play: { say },
};
