/** RFC 7252 §4.8.2 EXCHANGE_LIFETIME: as long may a copy of a message still arrive. */
export const EXCHANGE_LIFETIME_MS = 247_000;

/** Exchanges remembered at once; at 200 a second the whole lifetime fits. */
const EXCHANGES_MAX = 50_000;

/** Packets remembered of one device that counts them. A counter of one byte comes round: the packet itself tells then. */
const PACKETS_OF_DEVICE_MAX = 256;
const DEVICES_MAX = 10_000;

interface Exchange {
  readonly reply: Uint8Array | null;
  readonly atMs: number;
}

/**
 * What has been heard, made durable and answered. A copy of it gets the same answer again and is not heard again, also from
 * another address: what tells copies is who sent it and what it says, never where it came from.
 */
export class Exchanges {
  readonly #exchanges = new Map<string, Exchange>();
  readonly #packets = new Map<string, Set<string>>();

  /** The answer given before; undefined: this was not heard before. */
  answered(key: string, nowMs: number): { readonly reply: Uint8Array | null } | undefined {
    for (const [old, { atMs }] of this.#exchanges) {
      if (nowMs - atMs < EXCHANGE_LIFETIME_MS) break;
      this.#exchanges.delete(old);
    }
    return this.#exchanges.get(key);
  }

  remember(key: string, reply: Uint8Array | null, nowMs: number): void {
    if (this.#exchanges.size >= EXCHANGES_MAX) this.#exchanges.delete(this.#exchanges.keys().next().value!);
    this.#exchanges.set(key, { reply, atMs: nowMs });
  }

  /** Whether the device said this very packet before, under whatever message it travelled. */
  said(device: string, packet: string): boolean {
    return this.#packets.get(device)?.has(packet) ?? false;
  }

  rememberSaid(device: string, packet: string): void {
    const packets = this.#packets.get(device) ?? new Set();
    if (packets.size >= PACKETS_OF_DEVICE_MAX) packets.delete(packets.values().next().value!);
    packets.add(packet);
    if (this.#packets.size >= DEVICES_MAX && !this.#packets.has(device)) this.#packets.delete(this.#packets.keys().next().value!);
    this.#packets.set(device, packets);
  }
}
