import type { Published, PublishingFamily } from '../family.ts';
import { FROM_PLATFORM, isObject, isoTime, type JsonObject, NB_SILENCE_MS, numberOf, objectOf, stringOf, textOf } from './json-payload.ts';
import { aroundInner, INNER_DIALECTS, playInner, readInner, toBase64 } from './nb-inner.ts';
import { GAS_EVENTS } from './nb-lian-codes.ts';

/** "undefined" stands where the platform has no value. */
const given = (value: unknown): string | null => {
  const text = stringOf(value);
  return text === null || text === '' || text === 'undefined' ? null : text;
};

/** A platform number that tells a repeat: numbers from 0; they come as "" and −1 too. */
function counterOf(body: JsonObject): number | null {
  const numbers = [body['upPacketSN'], body['upDataSN']].map(numberOf);
  return numbers.find((number) => number !== null && number >= 0) ?? null;
}

type Reader = (body: JsonObject, fields: Record<string, unknown>, device: string | null) => Published;

function readData(body: JsonObject, fields: Record<string, unknown>, device: string | null): Published {
  const payload = isObject(body['payload']) ? body['payload'] : {};
  const inner = readInner(given(payload['APPdata']) ?? { ...(device ? { IMEI: device } : {}), ...payload });
  return aroundInner(inner, device, counterOf(body), { ...fields, topic: stringOf(body['topic']) });
}

/** The content of an event: what the device reports, or only figures that the number of the event explains. */
function eventIn(body: JsonObject, device: string | null): unknown {
  const content = body['eventContent'];
  const figures = typeof content === 'string' ? objectOf(content) : isObject(content) ? content : null;
  const code = stringOf(body['serviceId']);
  if (!figures || readInner(figures) || code === null || !(code in GAS_EVENTS)) return content;
  return { ...(device ? { IMEI: device } : {}), ...figures, eventCode: code };
}

/** A platform event: its content may be a payload of the device; a bare fault is one. */
function readEvent(body: JsonObject, fields: Record<string, unknown>, device: string | null): Published {
  const type = numberOf(body['eventType']);
  const inner = readInner(eventIn(body, device));
  const told = aroundInner(inner, device, counterOf(body), { ...fields, eventType: type, serviceId: stringOf(body['serviceId']) });
  return inner || type !== 3 ? told : { ...told, observations: [{ what: 'fault', address: {}, detail: 'platform-event' }] };
}

const MESSAGES: Readonly<Record<string, Reader>> = {
  dataReport: readData,
  eventReport: readEvent,
  deviceOnlineOfflineReport(body, fields, device) {
    const type = numberOf(body['eventType']);
    if (type !== 0 && type !== 1)
      return { device, counter: null, fields, observations: [], remarks: ['neither online nor offline: kept raw'] };
    const link = { what: 'link', address: {}, detail: type === 1 ? 'restored' : 'lost' } as const;
    return { device, counter: null, fields: { ...fields, online: type === 1 }, observations: [link] };
  },
  commandResponse(body, fields, device) {
    const result = isObject(body['result']) ? body['result'] : {};
    return {
      device,
      counter: null,
      fields: { ...fields, taskId: numberOf(body['taskId']), resultCode: stringOf(result['resultCode']) },
      observations: [],
    };
  },
  dataReportTupUnion: (_, fields, device) => ({
    device,
    counter: null,
    fields,
    observations: [],
    remarks: ['a merged duplicate of the data report: ignored'],
  }),
};

function decode(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  const messageType = body ? stringOf(body['messageType']) : null;
  const read = messageType === null || !Object.hasOwn(MESSAGES, messageType) ? undefined : MESSAGES[messageType];
  if (!body || !read) return null;
  const time = isoTime(numberOf(body['timestamp']));
  const device = given(body['IMEI']) ?? given(body['deviceSn']) ?? given(body['deviceId']);
  return read(body, { ...FROM_PLATFORM, messageType, platformDevice: given(body['deviceId']), time, text }, device);
}

/** CTWing (AEP) HTTP push of China Telecom. */
export const PUSH_CTWING: PublishingFamily = {
  shape: 'publishes',
  name: 'push-ctwing',
  version: 1,
  title: { en: 'CTWing (AEP) HTTP push', zh: '天翼物联 CTWing(AEP)HTTP 推送' },
  tier: 1,
  basis: 'captures, an independent implementation; no signature was ever seen',
  notes: [
    {
      en: 'No signature on the default push: protect it with a secret path, TLS and source filtering.',
      zh: '默认推送无签名:用保密路径、TLS 与来源过滤保护。',
    },
    {
      en: 'Answer 200 at once: after failures the platform pauses a minute and drops what comes meanwhile.',
      zh: '须立即返回 200:失败过多时平台暂停一分钟并丢弃期间消息。',
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
      const timestamp = Date.parse(`${stimulus.deviceTime.replace(/Z$/, '')}Z`);
      const ids = { tenantId: '10000001', productId: '10000003', deviceId: device.padStart(32, '0'), IMEI: device };
      const body = {
        upPacketSN: counter,
        upDataSN: counter,
        topic: 'v1/up/ad',
        timestamp,
        protocol: 'lwm2m',
        payload: { APPdata: toBase64(payload) },
        messageType: 'dataReport',
        ...ids,
      };
      return new TextEncoder().encode(JSON.stringify(body));
    },
  },
};
