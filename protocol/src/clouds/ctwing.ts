import { isObject, numberOf, objectOf, stringOf, textOf } from '../families/json-payload.ts';
import { PUSH_CTWING } from '../families/push-ctwing.ts';
import type { Cloud, Opened } from './cloud.ts';

const DAY_MS = 86_400_000;

const counted = (value: unknown): number | null => {
  const number = numberOf(value);
  return number !== null && number >= 0 ? number : null;
};

/**
 * Copies are normal. The platform's numbers tell them where they are numbers from 0, within a day and with the same payload: a
 * number that began again must not swallow a second alarm. Where there are none, the payload at the very millisecond tells.
 */
function identityOf(text: string | null): readonly unknown[] | null {
  const body = objectOf(text);
  const timestamp = numberOf(body?.['timestamp']);
  if (!body || timestamp === null) return null;
  const numbers = [counted(body['upPacketSN']), counted(body['upDataSN'])];
  const content = body['payload'] ?? body['eventContent'] ?? body['eventType'] ?? null;
  const sender = [stringOf(body['deviceId']) ?? stringOf(body['IMEI']), stringOf(body['messageType'])];
  const isCounted = numbers.some((number) => number !== null);
  return [
    ...sender,
    isObject(content) ? JSON.stringify(content) : content,
    ...(isCounted ? [...numbers, Math.floor(timestamp / DAY_MS)] : [timestamp]),
  ];
}

function open(body: Uint8Array): Opened {
  return { messages: [{ payload: body, identity: identityOf(textOf(body)) }] };
}

/** China Telecom. */
export const CTWING: Cloud = {
  name: 'ctwing',
  title: { en: 'CTWing (AEP)', zh: '天翼物联 CTWing(AEP)' },
  family: PUSH_CTWING,
  proves: 'path',
  encrypts: false,
  answerWithinMs: 5_000,
  notes: [
    {
      en: 'No signature was ever seen: secret path, TLS and `from` are the protection.',
      zh: '从未见到签名:以保密路径、TLS 与来源限制保护。',
    },
    {
      en: 'Up to 3 retries; after more than 100 failures in a row it pauses a minute and drops what comes meanwhile.',
      zh: '最多重试 3 次;连续失败超过 100 次后暂停一分钟,期间消息被丢弃。',
    },
  ],
  open,
};
