import type { Published, PublishingFamily } from '../family.ts';
import { FROM_PLATFORM, isObject, type JsonObject, NB_SILENCE_MS, objectOf, stringOf, textOf } from './json-payload.ts';
import { aroundInner, INNER_DIALECTS, playInner, readInner, toBase64 } from './nb-inner.ts';
import { basicTime } from './push-oceanconnect.ts';

/** One service: its properties, or the content of a message. */
function readService(service: JsonObject, device: string | null, fields: Record<string, unknown>): Published {
  const time = basicTime(service['event_time']) ?? fields['time'];
  return aroundInner(readInner(service['properties']), device, null, { ...fields, serviceId: stringOf(service['service_id']), time });
}

const STATUS: Readonly<Record<string, 'restored' | 'lost'>> = { ONLINE: 'restored', OFFLINE: 'lost', ABNORMAL: 'lost' };

function decode(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  const notified = body?.['notify_data'];
  if (!body || !isObject(notified) || stringOf(body['resource']) === null) return null;
  const header = isObject(notified['header']) ? notified['header'] : {};
  const content = isObject(notified['body']) ? notified['body'] : {};
  // node_id often is the IMEI.
  const device = stringOf(header['node_id']) ?? stringOf(header['device_id']);
  const names = { resource: stringOf(body['resource']), event: stringOf(body['event']), platformDevice: stringOf(header['device_id']) };
  const fields = { ...FROM_PLATFORM, ...names, time: basicTime(body['event_time']), text };
  const status = stringOf(content['status']);
  const link = STATUS[status ?? ''];
  if (link) return { device, counter: null, fields: { ...fields, status }, observations: [{ what: 'link', address: {}, detail: link }] };
  const services = (Array.isArray(content['services']) ? content['services'] : []).filter(isObject);
  const [first, ...more] = services.map((service) => readService(service, device, fields));
  if (first) return { ...first, observations: [...first.observations, ...more.flatMap(({ observations }) => observations)] };
  return aroundInner(readInner(content['content']), device, null, fields);
}

/** Huawei IoTDA (v5) HTTP push. */
export const PUSH_IOTDA: PublishingFamily = {
  shape: 'publishes',
  name: 'push-iotda',
  version: 1,
  title: { en: 'Huawei IoTDA HTTP push', zh: '华为云 IoTDA HTTP 推送' },
  tier: 2,
  basis: 'document; no sample',
  notes: [{ en: 'The push can be signed with a token; checked by the intake.', zh: '推送可用令牌签名,由接入端校验。' }],
  carrier: 'http',
  decode,
  dialects: INNER_DIALECTS,
  silenceMs: NB_SILENCE_MS,
  play: {
    say(stimulus, device, counter) {
      const payload = playInner.say(stimulus, device, counter);
      if (!payload) return null;
      const event_time = `${stimulus.deviceTime.replace(/[-:]|Z$/g, '')}Z`;
      const services = [{ service_id: 'RawData', properties: { rawData: toBase64(payload) }, event_time }];
      const header = { device_id: `p1_${device}`, node_id: device, product_id: 'p1' };
      const body = { resource: 'device.property', event: 'report', event_time, notify_data: { header, body: { services } } };
      return new TextEncoder().encode(JSON.stringify(body));
    },
  },
};
