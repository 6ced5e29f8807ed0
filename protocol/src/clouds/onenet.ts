import { isObject, type JsonObject, objectOf, stringOf, textOf } from '../families/json-payload.ts';
import { toBase64 } from '../families/nb-inner.ts';
import { PUSH_ONENET } from '../families/push-onenet.ts';
import { PUSH_ONENET_OLD } from '../families/push-onenet-old.ts';
import { type Cloud, type Cryptography, isSameSecret, type Opened, type PushMessage, type PushRefusal, type PushSecrets } from './cloud.ts';
import { decryptNew, decryptOld, parsed } from './onenet-seal.ts';
import { rawMember } from './raw-member.ts';
import { tellsItsTime } from './stamps.ts';

const utf8 = new TextEncoder();

/** base64(md5(token + nonce + msg)). Both platforms and the trial of the address use it. */
function signatureOf(token: string, nonce: string, msg: string, { md5 }: Cryptography): string {
  return toBase64(md5(utf8.encode(token + nonce + msg)));
}

/** A signature as it was sent: a `+` that a form decoder took for a blank, and padding that was left away, mean the same. */
function plain(signature: string): string {
  return signature.replaceAll(' ', '+').replace(/=+$/, '');
}

interface Signed {
  readonly nonce: string | null;
  readonly signature: string | null;
  /** The text that was signed; of an object inside a body it may be the text as sent or written anew. */
  readonly msgs: readonly string[];
}

function refusalOf({ nonce, signature, msgs }: Signed, { token = '' }: PushSecrets, cryptography: Cryptography): PushRefusal | null {
  if (nonce === null || signature === null || msgs.length === 0) return 'unsigned';
  const right = msgs.map((msg) => plain(signatureOf(token, nonce, msg, cryptography)));
  return right.some((one) => isSameSecret(one, plain(signature), cryptography)) ? null : 'wrong-signature';
}

function greet(query: URLSearchParams, secrets: PushSecrets, cryptography: Cryptography): string | { readonly refused: PushRefusal } {
  const msg = query.get('msg');
  const signed = { nonce: query.get('nonce'), signature: query.get('signature'), msgs: msg === null ? [] : [msg] };
  const refused = refusalOf(signed, secrets, cryptography);
  return refused === null ? msg! : { refused };
}

const bytesOf = (value: unknown) => utf8.encode(JSON.stringify(value));

/** One push may carry messages of several devices: each is read by itself. */
function messagesOf(msg: unknown, body: JsonObject): PushMessage[] {
  const { enc_msg: _, ...rest } = body;
  const messages = Array.isArray(msg) ? msg : [msg];
  return messages.map((one) => ({ payload: bytesOf({ ...rest, msg: one }), identity: tellsItsTime(one) ? [JSON.stringify(one)] : null }));
}

const whole = (payload: Uint8Array, sealed?: true): Opened => ({ messages: [{ payload, identity: null, ...(sealed ? { sealed } : {}) }] });

function openOld(bytes: Uint8Array, secrets: PushSecrets, cryptography: Cryptography): Opened {
  const text = textOf(bytes);
  const body = objectOf(text);
  if (!text || !body) return { refused: 'unsigned' };
  const sealed = stringOf(body['enc_msg']);
  const { msg } = body;
  const written =
    typeof msg === 'string' ? [msg] : isObject(msg) || Array.isArray(msg) ? [rawMember(text, 'msg'), JSON.stringify(msg)] : [];
  const msgs = sealed === null ? written.filter((one) => one !== null) : [sealed];
  const refused = refusalOf({ nonce: stringOf(body['nonce']), signature: stringOf(body['msg_signature']), msgs }, secrets, cryptography);
  if (refused) return { refused };
  if (sealed === null) return { messages: messagesOf(typeof msg === 'string' ? (parsed(msg) ?? msg) : msg, body) };
  const opened = secrets.key === undefined ? null : decryptOld(sealed, secrets.key, cryptography);
  return opened === null ? whole(bytes, true) : { messages: messagesOf(opened, body) };
}

function openNew(bytes: Uint8Array, secrets: PushSecrets, cryptography: Cryptography): Opened {
  const text = textOf(bytes);
  const body = objectOf(text);
  if (!text || !body) return { refused: 'unsigned' };
  const { msg } = body;
  const msgs =
    typeof msg === 'string' ? [msg] : isObject(msg) ? [rawMember(text, 'msg'), JSON.stringify(msg)].filter((one) => one !== null) : [];
  const refused = refusalOf({ nonce: stringOf(body['nonce']), signature: stringOf(body['signature']), msgs }, secrets, cryptography);
  if (refused) return { refused };
  const inside = isObject(msg) ? msg : objectOf(stringOf(msg));
  const opened = inside ?? (secrets.key === undefined ? null : decryptNew(String(msg), secrets.key, cryptography));
  if (!opened) return whole(bytes, true);
  // The platform says of no field that it is equal in every copy: the time inside is, else only the same post at the same time is one.
  const identity = tellsItsTime(opened) ? [JSON.stringify(opened)] : tellsItsTime(body) ? [text] : null;
  return { messages: [{ payload: inside ? bytes : bytesOf({ ...body, msg: JSON.stringify(opened) }), identity }] };
}

/** China Mobile, the older platform. */
export const ONENET_OLD: Cloud = {
  name: 'onenet-old',
  title: { en: 'OneNET, older platform', zh: 'OneNET 旧平台' },
  family: PUSH_ONENET_OLD,
  proves: 'token',
  encrypts: true,
  answerWithinMs: 5_000,
  notes: [
    {
      en: 'Signs base64(md5(token + nonce + msg)); tries the address by a GET first. Encryption is optional (the 43-character key of the console).',
      zh: '签名为 base64(md5(token + nonce + msg)),配置时先以 GET 验证地址;加密可选(控制台 43 位密钥)。',
    },
  ],
  greet,
  open: openOld,
};

/** China Mobile, the new platform. */
export const ONENET: Cloud = {
  name: 'onenet',
  title: { en: 'OneNET, new platform', zh: 'OneNET 新平台' },
  family: PUSH_ONENET,
  proves: 'token',
  encrypts: true,
  answerWithinMs: 5_000,
  notes: [
    {
      en: 'Signs like the older platform; wants its answer within 5 s, repeats 16 times over 2 h 45 min. Encryption is optional (16 characters).',
      zh: '签名同旧平台;须在 5 秒内应答,2 小时 45 分内重试 16 次;加密可选(16 位密钥)。',
    },
  ],
  greet,
  open: openNew,
};
