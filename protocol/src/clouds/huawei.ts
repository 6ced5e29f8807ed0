import { objectOf, stringOf, textOf } from '../families/json-payload.ts';
import { PUSH_IOTDA } from '../families/push-iotda.ts';
import { PUSH_OCEANCONNECT } from '../families/push-oceanconnect.ts';
import type { Cloud, Opened } from './cloud.ts';
import { tellsItsTime } from './stamps.ts';

/** Nothing numbers these pushes (requestId normally is null): the whole body tells a copy, where it carries a time. */
function open(body: Uint8Array): Opened {
  const text = textOf(body);
  const push = objectOf(text);
  const requestId = stringOf(push?.['requestId']);
  const identity = requestId !== null || tellsItsTime(push) ? [text] : null;
  return { messages: [{ payload: body, identity }] };
}

/** Huawei, the older platform. */
export const OCEANCONNECT: Cloud = {
  name: 'oceanconnect',
  title: { en: 'Huawei OceanConnect', zh: '华为 OceanConnect' },
  family: PUSH_OCEANCONNECT,
  proves: 'path',
  encrypts: false,
  answerWithinMs: 5_000,
  notes: [{ en: 'No signature: secret path, TLS and `from` are the protection.', zh: '无签名:以保密路径、TLS 与来源限制保护。' }],
  open,
};

/** Huawei Cloud. */
export const IOTDA: Cloud = {
  name: 'iotda',
  title: { en: 'Huawei Cloud IoTDA', zh: '华为云 IoTDA' },
  family: PUSH_IOTDA,
  proves: 'path',
  encrypts: false,
  answerWithinMs: 5_000,
  notes: [
    {
      en: 'It can sign with a token; the form of that signature is not known to us and is not checked: secret path, TLS and `from` are the protection.',
      zh: '平台可用令牌签名,但其格式未知,故不校验:以保密路径、TLS 与来源限制保护。',
    },
  ],
  open,
};
