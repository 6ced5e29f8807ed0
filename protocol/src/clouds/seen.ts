/** Messages remembered: a cloud repeats within hours, and at ten messages a second this is more than an hour. */
const SEEN_MAX = 50_000;

/** The keys of the messages that are durable. What no memory of this run knows, the store behind it may. */
export class Seen {
  readonly #keys = new Set<string>();

  has(key: string | null): boolean {
    return key !== null && this.#keys.has(key);
  }

  /** To be called once what the key stands for is durable. */
  remember(key: string | null): void {
    if (key === null) return;
    this.#keys.delete(key);
    if (this.#keys.size >= SEEN_MAX) this.#keys.delete(this.#keys.values().next().value!);
    this.#keys.add(key);
  }
}
