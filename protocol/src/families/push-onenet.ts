import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import { FROM_PLATFORM, isObject, isoTime, type JsonObject, NB_SILENCE_MS, numberOf, objectOf, stringOf, textOf } from './json-payload.ts';
import { aroundInner, playInner, readInner, toBase64 } from './nb-inner.ts';

type Fields = Readonly<Record<string, unknown>>;

function linkOf(online: boolean, device: string | null, fields: Fields): Published {
  return {
    device,
    counter: null,
    fields: { ...fields, online },
    observations: [{ what: 'link', address: {}, detail: online ? 'restored' : 'lost' }],
  };
}

/** One message of the older data push: type 1 data, 2 online or offline, 7 result of a command. */
function readOldMessage(msg: JsonObject, fields: Fields): Published {
  const device = stringOf(msg['imei']) ?? stringOf(msg['dev_id']);
  const type = numberOf(msg['type']);
  const about = {
    ...fields,
    type,
    platformDevice: stringOf(msg['dev_id']),
    stream: stringOf(msg['ds_id']),
    time: isoTime(numberOf(msg['at'])),
  };
  if (type === 2) return linkOf(numberOf(msg['status']) === 1, device, about);
  if (type === 1) return aroundInner(readInner(msg['value']), device, null, about);
  return {
    device,
    counter: null,
    fields: { ...about, status: numberOf(msg['status']) },
    observations: [],
    remarks: type === 7 ? [] : ['message of an unknown type: kept raw'],
  };
}

function decodeOld(bytes: Uint8Array): Published | null {
  const text = textOf(bytes);
  const body = objectOf(text);
  if (!body || !('msg_signature' in body || 'nonce' in body) || 'id' in body) return null;
  const fields = { ...FROM_PLATFORM, text };
  if ('enc_msg' in body) return { device: null, counter: null, fields, observations: [], remarks: ['encrypted: the intake has the key'] };
  const messages = (Array.isArray(body['msg']) ? body['msg'] : [body['msg']]).filter(isObject);
  const [first, ...more] = messages.map((msg) => readOldMessage(msg, fields));
  if (!first) return null;
  return { ...first, observations: [...first.observations, ...more.flatMap(({ observations }) => observations)] };
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

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const ms = ({ deviceTime }: Stimulus) => Date.parse(`${deviceTime.replace(/Z$/, '')}Z`);

const CARD = { shape: 'publishes', version: 1, tier: 2, carrier: 'http', silenceMs: NB_SILENCE_MS } as const;

/** OneNET, the older HTTP data push of China Mobile. */
export const PUSH_ONENET_OLD: PublishingFamily = {
  ...CARD,
  name: 'push-onenet-old',
  title: { en: 'OneNET HTTP push, older platform', zh: '中移物联 OneNET HTTP 推送(旧平台)' },
  basis: 'document; no sample',
  notes: [
    {
      en: 'The signature is base64(md5(token + nonce + msg)); checked by the intake.',
      zh: '签名为 base64(md5(token + nonce + msg)),由接入端校验。',
    },
  ],
  decode: decodeOld,
  play: {
    say(stimulus, device, counter) {
      const payload = playInner.say(stimulus, device, counter);
      if (!payload) return null;
      const msg = {
        type: 1,
        dev_id: 10_000_001,
        ds_id: '3200_0_5750',
        at: ms(stimulus),
        value: toBase64(payload),
        login_type: 10,
        imei: device,
      };
      return json({ msg, msg_signature: '', nonce: 'abcd' });
    },
  },
};

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
