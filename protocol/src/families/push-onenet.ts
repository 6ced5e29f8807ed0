import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import { FROM_PLATFORM, isObject, isoTime, type JsonObject, NB_SILENCE_MS, numberOf, objectOf, stringOf, textOf } from './json-payload.ts';
import { aroundInner, INNER_DIALECTS, playInner, readInner, toBase64 } from './nb-inner.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Online or offline, as a platform tells it. */
export function linkOf(online: boolean, device: string | null, fields: Fields): Published {
  return {
    device,
    counter: null,
    fields: { ...fields, online },
    observations: [{ what: 'link', address: {}, detail: online ? 'restored' : 'lost' }],
  };
}

/** The message of the new platform: its inner names are not settled. */
function readMessage(msg: JsonObject, fields: Fields): Published {
  const device = stringOf(msg['imei']) ?? stringOf(msg['deviceName']);
  const notifyType = stringOf(msg['notifyType']);
  const about = { ...fields, notifyType, productId: stringOf(msg['productId']), platformDevice: stringOf(msg['deviceName']) };
  const data = isObject(msg['data']) ? msg['data'] : {};
  const status = stringOf(msg['status']) ?? stringOf(data['status']);
  if (status !== null && /^(online|offline|1|0)$/i.test(status) && !('params' in data))
    return linkOf(/^(online|1)$/i.test(status), device, about);
  const { params } = data;
  const inner = isObject(params) ? readInner(valuesOnly(params)) : readInner(params ?? msg['data']);
  const told = aroundInner(inner, device, null, about);
  return { ...told, remarks: [...(told.remarks ?? []), 'names inside the message are not settled'] };
}

/** `{name: {value, time}}` as `{name: value}`. */
function valuesOnly(params: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(params).map(([name, told]) => [name, isObject(told) && 'value' in told ? told['value'] : told]));
}

function decodeNew(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  if (!body || !('msg' in body) || !('signature' in body)) return null;
  const msg = isObject(body['msg']) ? body['msg'] : objectOf(stringOf(body['msg']));
  const fields = { ...FROM_PLATFORM, id: stringOf(body['id']), time: isoTime(numberOf(body['time'])), text };
  if (!msg)
    return {
      device: null,
      counter: null,
      fields,
      observations: [],
      remarks: ['the message is encrypted or no JSON: the intake has the key'],
    };
  return readMessage(msg, fields);
}

export const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
export const ms = ({ deviceTime }: Stimulus) => Date.parse(`${deviceTime.replace(/Z$/, '')}Z`);

export const CARD = {
  shape: 'publishes',
  version: 1,
  tier: 2,
  carrier: 'http',
  silenceMs: NB_SILENCE_MS,
  dialects: INNER_DIALECTS,
} as const;

/** OneNET, the HTTP push of the new platform. */
export const PUSH_ONENET: PublishingFamily = {
  ...CARD,
  name: 'push-onenet',
  title: { en: 'OneNET HTTP push, new platform', zh: '中移物联 OneNET HTTP 推送(新平台)' },
  basis: 'document; the names inside the message rest on one source; no sample',
  notes: [
    {
      en: 'To be acknowledged within 5 s; 16 retries over 2 h 45 min without a key that tells a repeat.',
      zh: '须在 5 秒内应答;2 小时 45 分内重试 16 次,且无可识别重复的键。',
    },
  ],
  decode: decodeNew,
  play: {
    say(stimulus, device, counter) {
      const payload = playInner.say(stimulus, device, counter);
      if (!payload) return null;
      const msg = {
        notifyType: 'property',
        productId: 'p1',
        deviceName: device,
        data: { params: { raw: { value: toBase64(payload), time: ms(stimulus) } } },
      };
      return json({ msg: JSON.stringify(msg), nonce: 'abcd', signature: '', time: ms(stimulus), id: String(counter) });
    },
  },
};
