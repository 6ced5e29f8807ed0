import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from './random.ts';

/** What a cloud shares with who it pushes to. */
export interface PushShare {
  readonly token: string | null;
  readonly key: string | null;
}

/** Makes a body what it is when it leaves the cloud: signed, and encrypted where there is a key. */
export type Seal = (body: Readonly<Record<string, unknown>>, share: PushShare, random: Random) => Readonly<Record<string, unknown>>;

function nonceOf(random: Random): string {
  return Array.from(random.bytes(8), (byte) => (byte % 36).toString(36)).join('');
}

/** base64(md5(token + nonce + msg)), by OneNET. */
export function signature(token: string, nonce: string, msg: string): string {
  return createHash('md5').update(`${token}${nonce}${msg}`).digest('base64');
}

function encrypted(key: Buffer, start: Buffer, plain: Buffer): string {
  const cipher = createCipheriv(key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc', key, start);
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
}

const plain: Seal = (body) => body;

const onenetOld: Seal = ({ msg, ...rest }, { token, key }, random) => {
  const nonce = nonceOf(random);
  const text = JSON.stringify(msg);
  if (key === null) return { ...rest, msg, nonce, msg_signature: signature(token ?? '', nonce, text) };
  const aes = Buffer.from(`${key}=`, 'base64');
  const head = Buffer.alloc(20);
  head.set(random.bytes(16));
  head.writeUInt32BE(Buffer.byteLength(text), 16);
  const sealed = encrypted(aes, aes.subarray(0, 16), Buffer.concat([head, Buffer.from(text)]));
  return { ...rest, enc_msg: sealed, nonce, msg_signature: signature(token ?? '', nonce, sealed) };
};

const onenet: Seal = ({ msg, ...rest }, { token, key }, random) => {
  const nonce = nonceOf(random);
  const text = String(msg);
  const sent = key === null ? text : encrypted(Buffer.from(key), Buffer.from(key), Buffer.from(text));
  return { ...rest, msg: sent, nonce, signature: signature(token ?? '', nonce, sent) };
};

/** How each cloud is played: what seals its bodies, whether it tries the address first, and how it repeats what failed. */
export const CLOUD_HABITS: Readonly<Record<string, { readonly seal: Seal; readonly greets: boolean; readonly retries: number }>> = {
  ctwing: { seal: plain, greets: false, retries: 3 },
  'onenet-old': { seal: onenetOld, greets: true, retries: 3 },
  onenet: { seal: onenet, greets: true, retries: 16 },
  oceanconnect: { seal: plain, greets: false, retries: 3 },
  iotda: { seal: plain, greets: false, retries: 3 },
};
