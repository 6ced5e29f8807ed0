/** Different packets remembered at once: far more than a device says within its window. */
const REMEMBERED_MAX = 256;

/** Knows the packets of the last moments again. Packets count from when they were remembered, which is after they became durable. */
export class Repeats {
  readonly #windowMs: number;
  readonly #seen = new Map<string, number>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How many different packets were remembered within the window, by the last look. */
  get size(): number {
    return this.#seen.size;
  }

  has(packet: Uint8Array, nowMs: number): boolean {
    for (const [key, atMs] of this.#seen) {
      if (nowMs - atMs < this.#windowMs) break;
      this.#seen.delete(key);
    }
    return this.#seen.has(keyOf(packet));
  }

  remember(packet: Uint8Array, nowMs: number): void {
    if (this.#windowMs <= 0) return;
    if (this.#seen.size >= REMEMBERED_MAX) this.#seen.delete(this.#seen.keys().next().value!);
    this.#seen.set(keyOf(packet), nowMs);
  }
}

function keyOf(packet: Uint8Array): string {
  return Buffer.from(packet.buffer, packet.byteOffset, packet.length).toString('latin1');
}
