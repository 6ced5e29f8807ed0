import { type JsonObject, objectOf, textOf } from '../families/json-payload.ts';
import { fromBase64 } from '../families/nb-inner.ts';
import type { Cryptography } from './cloud.ts';

const utf8 = new TextEncoder();

/** 16 random bytes, the length of the message as big-endian 32 bit, the message. */
function unwrapped(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < 20) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(16);
  return length <= bytes.length - 20 ? bytes.subarray(20, 20 + length) : null;
}

/** `enc_msg` of the older platform: AES-256-CBC, the key in base64 without its last `=`, the first 16 bytes of it the start. */
export function decryptOld(sealed: string, key: string, { decryptAesCbc }: Cryptography): unknown {
  const [bytes, aes] = [fromBase64(sealed), fromBase64(`${key}=`)];
  const opened = bytes && aes?.length === 32 ? decryptAesCbc(aes, aes.subarray(0, 16), bytes) : null;
  const text = opened && textOf(unwrapped(opened) ?? new Uint8Array());
  return text ? parsed(text) : null;
}

/** `msg` of the new platform: AES-128-CBC, the 16 characters of the key being the start as well (one implementation: WEAK). */
export function decryptNew(sealed: string, key: string, { decryptAesCbc }: Cryptography): JsonObject | null {
  const [bytes, aes] = [fromBase64(sealed), utf8.encode(key)];
  const opened = bytes && aes.length === 16 ? decryptAesCbc(aes, aes, bytes) : null;
  return opened && objectOf(textOf(opened));
}

/** The text as JSON; null where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
