/** Messages a second of one address that are dealt with; an operator's NAT stands for a whole district. */
const PER_SECOND = 500;
/** And at once: a power cut ends for all devices in the same second. */
const AT_ONCE = 1_000;
const ADDRESSES_MAX = 10_000;

/** How much each address may still send: what is above it is dropped, and sent again by devices that mean it. */
export class Rates {
  readonly #left = new Map<string, { tokens: number; atMs: number }>();

  allows(address: string, nowMs: number): boolean {
    const { tokens, atMs } = this.#left.get(address) ?? { tokens: AT_ONCE, atMs: nowMs };
    const full = Math.min(AT_ONCE, tokens + ((nowMs - atMs) * PER_SECOND) / 1000);
    const allowed = full >= 1;
    this.#left.delete(address);
    if (this.#left.size >= ADDRESSES_MAX) this.#left.delete(this.#left.keys().next().value!);
    this.#left.set(address, { tokens: allowed ? full - 1 : full, atMs: nowMs });
    return allowed;
  }
}
