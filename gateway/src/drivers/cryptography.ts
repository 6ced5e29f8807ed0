import { createDecipheriv, createHash } from 'node:crypto';
import type { Cryptography } from '@fengsui/protocol/clouds';

const hash = (name: string) => (bytes: Uint8Array) => new Uint8Array(createHash(name).update(bytes).digest());

/** What clouds sign and encrypt with, by the runtime. MD5 is theirs, not ours: it proves no more than the token is worth. */
export const cryptography: Cryptography = {
  md5: hash('md5'),
  sha256: hash('sha256'),
  decryptAesCbc(key, start, bytes) {
    try {
      const decipher = createDecipheriv(key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc', key, start);
      return new Uint8Array(Buffer.concat([decipher.update(bytes), decipher.final()]));
    } catch {
      return null; // another key, or no ciphertext: to the cloud's reader one and the same
    }
  },
};
