import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Cryptography } from './cloud.ts';

const hash = (name: string) => (bytes: Uint8Array) => new Uint8Array(createHash(name).update(bytes).digest());

export const NODE_CRYPTOGRAPHY: Cryptography = {
  md5: hash('md5'),
  sha256: hash('sha256'),
  decryptAesCbc(key, start, bytes) {
    try {
      const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, start);
      return new Uint8Array(Buffer.concat([decipher.update(bytes), decipher.final()]));
    } catch {
      return null;
    }
  },
};

/** base64(md5(token + nonce + msg)), as a cloud that knows the token makes it. */
export function signed(token: string, nonce: string, msg: string): string {
  return createHash('md5').update(`${token}${nonce}${msg}`).digest('base64');
}

/** AES-CBC with PKCS#7, base64. */
export function encrypted(key: Uint8Array, start: Uint8Array, bytes: Uint8Array): string {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, start);
  return Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64');
}
