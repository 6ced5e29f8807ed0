import { toHex } from '../codec/hex.ts';
import type { Published } from '../family.ts';
import { familyLabel, type Heard } from '../heard.ts';
import {
  type Cloud,
  type Cryptography,
  isSameSecret,
  PUSH_REFUSALS,
  type PushMessage,
  type PushRefusal,
  type PushSecrets,
} from './cloud.ts';

/** Where a cloud pushes to: `/push/<secret>`. */
const PATH = '/push/';

/** Strangers with a name of their own in one run; what the others say is heard under one name, so that a flood of names is bounded. */
const STRANGERS_MAX = 256;

/** Bytes of an unreadable message that travel as text; the whole of it is the evidence. */
const UNREAD_BYTES_MAX = 128;

/** What is answered to the cloud. */
export interface PushAnswer {
  readonly status: number;
  readonly text: string;
}

/** To be answered once everything said in the push is durable. */
export const PUSH_TAKEN: PushAnswer = { status: 200, text: 'ok' };
/** Nothing of the push is durable: the cloud is to send it again. */
export const PUSH_UNTAKEN: PushAnswer = { status: 503, text: 'try again' };

/** One message of a push, as the normalizer takes it; the ids of its events go by their place alone. */
export interface PushSaid {
  readonly heard: Omit<Heard, 'eventIdOf'> & { readonly eventIdOf?: (ordinal: number) => string };
  /** Equal in every copy of this message and in no other; null: a copy cannot be told. */
  readonly key: string | null;
  /** Why nobody could read it, where nobody could: it is kept and heard as a text. */
  readonly unread: 'undecodable' | 'sealed' | null;
  /** Whether its device is not in the point table. */
  readonly isStranger: boolean;
}

export type PushReading =
  | { readonly refused: PushRefusal; readonly answer: PushAnswer }
  | { readonly greeted: PushAnswer }
  | { readonly said: readonly PushSaid[] };

export interface PushDeskSettings {
  readonly cloud: Cloud;
  readonly secrets: PushSecrets;
  readonly cryptography: Cryptography;
  /** `device` is the IMEI, or the id the cloud gives the device. */
  readonly devices: ReadonlyArray<{ readonly name: string; readonly device: string; readonly dialect?: string | undefined }>;
}

/** What an id may be as part of a name: a cloud can send anything. */
function nameable(id: string): string {
  return id.replace(/[^\p{L}\p{N}._:-]/gu, '_').slice(0, 48);
}

function refusal(refused: PushRefusal): { readonly refused: PushRefusal; readonly answer: PushAnswer } {
  return { refused, answer: { status: PUSH_REFUSALS[refused].status, text: '' } };
}

/** Reads the pushes of one cloud: proves the sender, reads the messages, finds the devices. No sending, no waiting, no clock. */
export class PushDesk {
  readonly #settings: PushDeskSettings;
  readonly #names: ReadonlyMap<string, string>;
  readonly #dialects: ReadonlyMap<string, (published: Published) => Published>;
  readonly #strangers = new Set<string>();

  constructor(settings: PushDeskSettings) {
    this.#settings = settings;
    this.#names = new Map(settings.devices.map(({ name, device }) => [device, name]));
    this.#dialects = new Map(
      settings.devices.flatMap(({ name, dialect }) => {
        const reading = dialect === undefined ? undefined : settings.cloud.family.dialects?.get(dialect);
        return reading ? [[name, reading] as const] : [];
      }),
    );
  }

  /** What is wrong with a request before its body is read; null: read on. `target` is its path with the query. */
  refuses(method: string, target: string): { readonly refused: PushRefusal; readonly answer: PushAnswer } | null {
    const { cloud, secrets, cryptography } = this.#settings;
    const [path = ''] = target.split('?', 1);
    if (!path.startsWith(PATH) || !isSameSecret(path.slice(PATH.length), secrets.path, cryptography)) return refusal('wrong-path');
    return method === 'POST' || (method === 'GET' && cloud.greet) ? null : refusal('wrong-method');
  }

  /** What a whole request says. Never throws. */
  read(method: string, target: string, body: Uint8Array, heardMs: number): PushReading {
    const refused = this.refuses(method, target);
    if (refused) return refused;
    const { cloud, secrets, cryptography } = this.#settings;
    if (method === 'GET') {
      const query = new URLSearchParams(target.slice(target.indexOf('?') + 1));
      const greeting = cloud.greet!(query, secrets, cryptography);
      return typeof greeting === 'string' ? { greeted: { status: 200, text: greeting } } : refusal(greeting.refused);
    }
    const opened = cloud.open(body, secrets, cryptography);
    if ('refused' in opened) return refusal(opened.refused);
    return { said: opened.messages.map((message) => this.#said(message, heardMs)) };
  }

  #said(message: PushMessage, heardMs: number): PushSaid {
    const { family } = this.#settings.cloud;
    const decoded = message.sealed ? null : family.decode(message.payload);
    const device = this.#deviceOf(decoded);
    const dialect = this.#dialects.get(device.name);
    const published = decoded && dialect ? dialect(decoded) : decoded;
    const key = this.#keyOf(message);
    const unread = message.sealed ? 'sealed' : published === null || isUnread(published) ? 'undecodable' : null;
    const observations = unread === null ? published!.observations : [textOf(message.payload, unread, device.id)];
    const identified = key === null ? {} : { eventIdOf: (ordinal: number) => this.#digest([key, ordinal]).slice(0, 32) };
    const heard = { device: device.name, family: familyLabel(family), observations, packet: message.payload, heardMs, ...identified };
    return { heard, key, unread, isStranger: device.isStranger };
  }

  #deviceOf(published: Published | null): { readonly name: string; readonly id: string | null; readonly isStranger: boolean } {
    const platform = published?.fields['platformDevice'];
    const ids = [published?.device, platform].filter((id): id is string => typeof id === 'string' && id !== '');
    const known = ids.find((id) => this.#names.has(id));
    if (known !== undefined) return { name: this.#names.get(known)!, id: known, isStranger: false };
    const [id] = ids;
    if (id === undefined) return { name: `unknown-${this.#settings.cloud.name}`, id: null, isStranger: true };
    const name = nameable(id);
    if (!this.#strangers.has(name) && this.#strangers.size >= STRANGERS_MAX) return { name: 'unknown-others', id: name, isStranger: true };
    this.#strangers.add(name);
    return { name: `unknown-${name}`, id: name, isStranger: true };
  }

  #keyOf({ identity }: PushMessage): string | null {
    return identity === null ? null : this.#digest(identity);
  }

  #digest(parts: readonly unknown[]): string {
    const { cloud, cryptography } = this.#settings;
    return toHex(cryptography.sha256(new TextEncoder().encode(JSON.stringify([cloud.name, ...parts]))));
  }
}

/** The push was read and the payload of the device inside was not. */
function isUnread({ observations, fields }: Published): boolean {
  return observations.length === 0 && fields['inner'] === null;
}

function textOf(payload: Uint8Array, detail: string, device: string | null) {
  const textHex = toHex(payload.subarray(0, UNREAD_BYTES_MAX));
  return { what: 'text', address: device === null ? {} : { device }, detail, textHex } as const;
}
