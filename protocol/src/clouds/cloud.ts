import type { PublishingFamily } from '../family.ts';
import type { Words } from '../words.ts';

/** What is computed outside, because this package knows no runtime. None of these throws. */
export interface Cryptography {
  md5(bytes: Uint8Array): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
  /** AES in CBC mode without its padding (PKCS#7); the length of the key decides between 128 and 256 bits. null: not encrypted with this key. */
  decryptAesCbc(key: Uint8Array, start: Uint8Array, bytes: Uint8Array): Uint8Array | null;
}

/** What an intake shares with the cloud that pushes to it. */
export interface PushSecrets {
  /** Last segment of the path, `/push/<path>`: whoever does not know it is nobody. */
  readonly path: string;
  /** The token of a cloud that signs. */
  readonly token?: string;
  /** The key of a cloud that encrypts, as its console shows it. */
  readonly key?: string;
}

/** Why a push was turned away. The cloud may repeat it; nothing of it becomes an event. */
export const PUSH_REFUSALS = {
  'wrong-source': { status: 403, en: 'from an address that is not allowed', zh: '来源地址不在允许范围' },
  'wrong-path': { status: 404, en: 'the secret path is wrong', zh: '保密路径不符' },
  'wrong-method': { status: 405, en: 'neither GET nor POST, or a GET this cloud does not make', zh: '请求方法不符' },
  'too-large': { status: 413, en: 'a body longer than a push may be', zh: '请求体超长' },
  'too-many': { status: 503, en: 'more requests at once than are let in', zh: '并发请求超限' },
  unsigned: { status: 403, en: 'the signature is missing', zh: '缺少签名' },
  'wrong-signature': { status: 403, en: 'the signature is wrong', zh: '签名不符' },
} as const satisfies Record<string, Words & { status: number }>;
export type PushRefusal = keyof typeof PUSH_REFUSALS;

/** One message of a push. */
export interface PushMessage {
  /** What the cloud's family reads. */
  readonly payload: Uint8Array;
  /** What is equal in every copy of this message and in no other; null: nothing tells a copy from a second event, so both are heard. */
  readonly identity: readonly unknown[] | null;
  /** It is encrypted with a key we do not have. */
  readonly sealed?: true;
}

export type Opened = { readonly messages: readonly PushMessage[] } | { readonly refused: PushRefusal };

/** An operator's cloud that pushes what its devices say over HTTP. Data and pure functions, alike for gateway and collector. */
export interface Cloud {
  readonly name: string;
  readonly title: Words;
  /** What reads its messages. */
  readonly family: PublishingFamily;
  /** `path`: only the secret path, TLS and the source tell it from a stranger. `token`: it signs what it sends. */
  readonly proves: 'path' | 'token';
  /** Whether it can encrypt, so that a key may be set. */
  readonly encrypts: boolean;
  /** It takes a push for failed when there is no answer by then. */
  readonly answerWithinMs: number;
  /** How it repeats what failed, and other habits. */
  readonly notes: readonly Words[];
  /** The answer to the GET by which the cloud tries the address; absent: it makes none. */
  readonly greet?: (query: URLSearchParams, secrets: PushSecrets, cryptography: Cryptography) => string | { readonly refused: PushRefusal };
  /** Checks what proves the sender and takes the messages out of the body. Never throws. */
  readonly open: (body: Uint8Array, secrets: PushSecrets, cryptography: Cryptography) => Opened;
}

const utf8 = new TextEncoder();

/** Whether two texts are equal, in a time that tells nothing of where they differ: their digests are compared to the end. */
export function isSameSecret(one: string, other: string, { sha256 }: Cryptography): boolean {
  const [first, second] = [sha256(utf8.encode(one)), sha256(utf8.encode(other))];
  return first.reduce((different, byte, index) => different | (byte ^ second[index]!), 0) === 0;
}
