import type { Published, PublishingFamily } from '../family.ts';
import { FROM_PLATFORM, isObject, type JsonObject, NB_SILENCE_MS, objectOf, stringOf, textOf } from './json-payload.ts';
import { aroundInner, INNER_DIALECTS, playInner, readInner, toBase64 } from './nb-inner.ts';

/** `20200515T023353Z` as observations write it; null where it is none. */
export function basicTime(value: unknown): string | null {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stringOf(value) ?? '');
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1);
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(time)) ? null : time;
}

/** One service of a notification. */
function readService(service: JsonObject, device: string | null, fields: Record<string, unknown>): Published {
  const names = { serviceId: stringOf(service['serviceId']), time: basicTime(service['eventTime']) };
  return aroundInner(readInner(service['data']), device, null, { ...fields, ...names });
}

const STATUS: Readonly<Record<string, 'restored' | 'lost'>> = { ONLINE: 'restored', OFFLINE: 'lost', ABNORMAL: 'lost' };

function readStatus(body: JsonObject, device: string | null, fields: Record<string, unknown>): Published {
  const info = isObject(body['deviceInfo']) ? body['deviceInfo'] : body;
  const status = stringOf(info['status']);
  const detail = STATUS[status ?? ''];
  const told = { device, counter: null, fields: { ...fields, status } };
  return detail
    ? { ...told, observations: [{ what: 'link', address: {}, detail }] }
    : { ...told, observations: [], remarks: ['status of no meaning for the link'] };
}

function decode(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  const notifyType = body ? stringOf(body['notifyType']) : null;
  if (!body || notifyType === null) return null;
  const device = stringOf(body['deviceId']);
  const fields = { ...FROM_PLATFORM, notifyType, platformDevice: device, text };
  if (notifyType === 'deviceInfoChanged') return readStatus(body, device, fields);
  const services = [body['service'], ...(Array.isArray(body['services']) ? body['services'] : [])].filter(isObject);
  const [first, ...more] = services.map((service) => readService(service, device, fields));
  if (!first) return { device, counter: null, fields, observations: [], remarks: ['notification without a service: kept raw'] };
  return { ...first, observations: [...first.observations, ...more.flatMap(({ observations }) => observations)] };
}

/** OceanConnect, the older HTTP push of Huawei. */
export const PUSH_OCEANCONNECT: PublishingFamily = {
  shape: 'publishes',
  name: 'push-oceanconnect',
  version: 1,
  title: { en: 'OceanConnect (Huawei) HTTP push', zh: '华为 OceanConnect HTTP 推送' },
  tier: 1,
  basis: 'document, captures',
  notes: [
    {
      en: 'requestId is normally null: a repeat is told by the device and the payload alone.',
      zh: 'requestId 通常为 null:只能凭设备与载荷识别重复。',
    },
  ],
  carrier: 'http',
  decode,
  dialects: INNER_DIALECTS,
  silenceMs: NB_SILENCE_MS,
  play: {
    say(stimulus, device, counter) {
      const payload = playInner.say(stimulus, device, counter);
      if (!payload) return null;
      const eventTime = `${stimulus.deviceTime.replace(/[-:]|Z$/g, '')}Z`;
      const service = { serviceId: 'RawData', serviceType: 'RawData', data: { rawData: toBase64(payload) }, eventTime };
      return new TextEncoder().encode(
        JSON.stringify({ notifyType: 'deviceDataChanged', deviceId: device, gatewayId: device, requestId: null, service }),
      );
    },
  },
};
