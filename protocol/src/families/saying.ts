import { toHex } from '../codec/hex.ts';
import type { CutRule } from '../codec/packets.ts';
import type { Decoded, Identity } from '../family.ts';
import type { Observation, What } from '../observation.ts';
import type { Words } from '../words.ts';

/** What a code of a device says: the word, which alarm or fault it is, and its names for people. No `what`: it says nothing an event could be made of. */
export interface Saying extends Words {
  readonly what: What | null;
  readonly detail?: string;
}

/** A device's codes, as a table. */
export type Sayings = Readonly<Record<number, Saying>>;

export function says(what: What | null, en: string, zh: string, detail?: string): Saying {
  return detail === undefined ? { what, en, zh } : { what, en, zh, detail };
}

/** `what` and `detail` of an observation. Nothing where the code says nothing. */
export function spoken(saying: Saying | undefined): Pick<Observation, 'what' | 'detail'> | null {
  if (!saying?.what) return null;
  return saying.detail === undefined ? { what: saying.what } : { what: saying.what, detail: saying.detail };
}

/** A code that no table knows, heard as what it is: nobody may think that the device said nothing. */
export function unknownCode(code: string): Observation[] {
  return [{ what: 'text', address: {}, detail: 'unknown-code', text: code === '' ? '(none)' : code.slice(0, 32) }];
}

type Wish = { readonly what: What; readonly detail?: string | undefined };

/** The key by which a device says something: the row with the same detail, otherwise the first row with the same word. */
export function keyOf(table: Readonly<Record<string, Saying>>, { what, detail }: Wish): string | null {
  const rows = Object.entries(table).filter(([, saying]) => saying.what === what);
  const row = rows.find(([, saying]) => saying.detail === detail) ?? rows[0];
  return row ? row[0] : null;
}

/** The same for tables of codes. */
export function codeOf(table: Sayings, wish: Wish): number | null {
  const key = keyOf(table, wish);
  return key === null ? null : Number(key);
}

/** Makes a packet, or null where the stimulus holds a number the packet has no room for. */
export function orNull(make: () => Uint8Array | null): Uint8Array | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The identity of a packet that dates what it says to the second: its bytes. `key` where some of them change from copy to copy. */
export function datedIdentity(decode: (packet: Uint8Array) => Decoded, key = toHex): (packet: Uint8Array) => Identity | null {
  return (packet) => {
    const { observations } = decode(packet);
    const deviceTime = observations.find((one) => one.deviceTime?.length === DATED_TO_THE_SECOND)?.deviceTime;
    return deviceTime ? { key: key(packet), deviceTime } : null;
  };
}
const DATED_TO_THE_SECOND = 'YYYY-MM-DDTHH:mm:ss'.length;

export const FROM_PANEL = { direction: 'panel-to-host' } as const;
export const TO_PANEL = { direction: 'host-to-panel' } as const;

/** A packet of the host: an observation only so that people who decode a capture see what it was. */
export function hostPacket(fields: Record<string, unknown>, reads: string): Decoded {
  return { fields: { ...fields, ...TO_PANEL, reads }, observations: [{ what: 'link', address: {}, detail: reads }], fromHost: true };
}

/** Bytes of what nobody can read that travel as text; the whole packet goes as evidence. */
const UNDECODABLE_BYTES_MAX = 128;

/** What a device said is in no table of ours: people see that it spoke, and its bytes. Never passed over, never guessed. */
export function undecodable(bytes: Uint8Array, address: Observation['address'] = {}): Observation {
  return { what: 'text', address, detail: 'undecodable', textHex: toHex(bytes.subarray(0, UNDECODABLE_BYTES_MAX)) };
}

/** A packet that says nothing and leaves a remark is one that we cannot read. */
export function seen(packet: Uint8Array, read: Decoded, address?: Observation['address']): Decoded {
  const { fields, observations, remarks = [], fromHost } = read;
  if (fromHost || observations.length > 0 || remarks.length === 0) return read;
  const { text } = fields;
  return { ...read, observations: [{ ...undecodable(packet, address), ...(typeof text === 'string' && text !== '' ? { text } : {}) }] };
}

/** A decoder for the packets of a rule alone: other bytes are never read as a packet, so nothing is invented. */
export function packetsOnly(cut: CutRule, decode: (packet: Uint8Array) => Decoded): (packet: Uint8Array) => Decoded {
  return (packet) =>
    packet.length > 0 && cut.measure(packet, 0, packet.length) === packet.length
      ? seen(packet, decode(packet))
      : { fields: {}, observations: [], remarks: ['no packet of this family'] };
}
