import { createHash } from 'node:crypto';
import { type Published, type PublishingFamily, toHex } from '@fengsui/protocol';
import { familyLabel, type Heard } from '../line.ts';
import type { LineCounters, PublishingDevice } from './driver.ts';

/** Strangers we give a name to in one run: their alarms are heard, a flood of them is not. */
const STRANGERS_MAX = 256;

/** Bytes of an unreadable payload that travel as text; the whole of it goes as evidence. */
const UNREAD_BYTES_MAX = 128;

export interface Publication {
  readonly heard: Heard;
  /** What tells a copy of this packet for good; null where the device does not count its packets. */
  readonly packet: string | null;
}

/** Turns payloads into what devices said. Nothing disappears: what cannot be read or belongs to nobody known is heard as just that. */
export class Publications {
  readonly #devices: ReadonlyMap<string, PublishingDevice>;
  readonly #families: readonly PublishingFamily[];
  readonly #counters: LineCounters;
  readonly #strangers = new Set<string>();

  /** `families` are tried, in order, on the payload of a device that is not configured. */
  constructor(devices: readonly PublishingDevice[], families: readonly PublishingFamily[], counters: LineCounters) {
    this.#devices = new Map(devices.map((device) => [device.device, device]));
    this.#families = families;
    this.#counters = counters;
  }

  /** What a payload says. `endpoint` is who the carrier says sent it, null where only the payload can tell. null: one stranger too many. */
  read(payload: Uint8Array, endpoint: string | null, fallbackName: string, heardMs: number): Publication | null {
    const carrier = endpoint === null ? undefined : this.#devices.get(endpoint);
    const decoded = carrier ? decodedBy([carrier.family], payload) : decodedBy(this.#families, payload);
    const device = this.#devices.get(decoded?.published.device ?? '') ?? carrier;
    if (!device) return this.#stranger(payload, decoded, endpoint ?? decoded?.published.device ?? fallbackName, heardMs);
    const family = familyLabel(decoded?.family ?? device.family);
    return this.#publication(device.name, family, device.device, payload, decoded, heardMs);
  }

  #stranger(payload: Uint8Array, decoded: Reading | null, identity: string, heardMs: number): Publication | null {
    this.#counters.count('unknown-device', heardMs, payload);
    if (!this.#strangers.has(identity) && this.#strangers.size >= STRANGERS_MAX) return null;
    this.#strangers.add(identity);
    const family = decoded ? familyLabel(decoded.family) : 'unknown/0';
    return this.#publication(`unknown-${identity}`, family, identity, payload, decoded, heardMs);
  }

  #publication(name: string, family: string, identity: string, payload: Uint8Array, decoded: Reading | null, heardMs: number): Publication {
    const heard = { device: name, family, packet: payload, heardMs };
    if (decoded) {
      const { observations, counter } = decoded.published;
      return { heard: { ...heard, observations }, packet: counter === null ? null : `${counter} ${hashOf(payload)}` };
    }
    this.#counters.count('undecodable', heardMs, payload);
    const address = { device: identity };
    const textHex = toHex(payload.subarray(0, UNREAD_BYTES_MAX));
    return { heard: { ...heard, observations: [{ what: 'text', address, detail: 'undecodable', textHex }] }, packet: null };
  }
}

interface Reading {
  readonly family: PublishingFamily;
  readonly published: Published;
}

function decodedBy(families: readonly PublishingFamily[], payload: Uint8Array): Reading | null {
  for (const family of families) {
    const published = family.decode(payload);
    if (published) return { family, published };
  }
  return null;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
