import { CONTENT_FORMATS, withPath } from '../codec/lwm2m.ts';
import type { Published, PublishingFamily } from '../family.ts';
import { FROM_PLATFORM, isObject, isoTime, type JsonObject, numberOf, objectOf, stringOf, textOf } from './json-payload.ts';
import { LWM2M } from './lwm2m.ts';
import { aroundInner, type Inner, playInner, readInner, toBase64 } from './nb-inner.ts';
import { CARD, type Fields, json, linkOf, ms } from './push-onenet.ts';

/** A stream named after a resource (`3303_0_5700`: object, instance, resource) carries its value and nothing else. */
function readResource(stream: string | null, value: unknown): Inner | null {
  const text = typeof value === 'boolean' ? String(Number(value)) : stringOf(value);
  if (text === null || !/^\d{1,5}_\d{1,5}_\d{1,5}$/.test(stream ?? '')) return null;
  const path = `/${stream!.replaceAll('_', '/')}`;
  const published = LWM2M.decode(withPath(path, CONTENT_FORMATS.text, new TextEncoder().encode(text)));
  return published && { family: LWM2M.name, published };
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
  if (type === 1) return aroundInner(readInner(msg['value']) ?? readResource(about.stream, msg['value']), device, null, about);
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
