import { createHash } from 'node:crypto';
import { type Published, type PublishingFamily, toHex, withPath } from '@fengsui/protocol';
import { familyLabel, type Heard } from '../line.ts';
import type { LineCounters, PublishingDevice } from './driver.ts';

/** Strangers we give a name to in one run: their alarms are heard, a flood of them is not. */
const STRANGERS_MAX = 256;

/** Bytes of an unreadable payload that travel as text; the whole of it goes as evidence. */
const UNREAD_BYTES_MAX = 128;

/** The objects of LwM2M have a meaning of their own, whatever dialect the device speaks in object 19. */
const OBJECTS_FAMILY = 'lwm2m';

/** Where a payload stands in the tree of an LwM2M device, and how it is written. An empty path: the payload itself says. */
export interface Standing {
  readonly path: string;
  readonly format: number | null;
}

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

  /**
   * What a payload says. `endpoint` is who the carrier says sent it, null where only the payload can tell; `standing` is
   * null for what is opaque to LwM2M. null: one stranger too many.
   */
  read(bytes: Uint8Array, endpoint: string | null, fallbackName: string, heardMs: number, standing: Standing | null): Publication | null {
    const carrier = endpoint === null ? undefined : this.#devices.get(endpoint);
    const payload = standing && standing.path !== '' ? withPath(standing.path, standing.format, bytes) : bytes;
    const decoded = decodedBy(this.#familiesFor(carrier, standing), payload);
    const device = this.#devices.get(decoded?.published.device ?? '') ?? carrier;
    if (!device) return this.#stranger(payload, decoded, endpoint ?? decoded?.published.device ?? fallbackName, heardMs);
    const family = familyLabel(decoded?.family ?? device.family);
    return this.#publication(device.name, family, device.device, payload, decoded, heardMs);
  }

  /** A device that is configured by its objects alone may still carry a dialect in object 19. */
  #familiesFor(carrier: PublishingDevice | undefined, standing: Standing | null): readonly PublishingFamily[] {
    if (standing) return this.#families.filter(({ name }) => name === OBJECTS_FAMILY);
    if (!carrier) return this.#families;
    return carrier.family.name === OBJECTS_FAMILY ? [carrier.family, ...this.#families] : [carrier.family];
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
    if (decoded && !isUnread(decoded)) {
      const { observations, counter } = decoded.published;
      return { heard: { ...heard, observations }, packet: counter === null ? null : `${counter} ${hashOf(payload)}` };
    }
    this.#counters.count('undecodable', heardMs, payload);
    const address = { device: identity };
    const textHex = toHex(payload.subarray(0, UNREAD_BYTES_MAX));
    return { heard: { ...heard, observations: [{ what: 'text', address, detail: 'undecodable', textHex }] }, packet: null };
  }
}

/** Taken apart and not understood: nobody may think that it said nothing. */
function isUnread({ published: { observations, remarks = [] } }: Reading): boolean {
  return observations.length === 0 && remarks.length > 0;
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
