/** A map whose changes can be taken back until they are settled: what the journal refused was never said, so it must not be remembered. */
export class Revertible<V> {
  readonly #values = new Map<string, V>();
  readonly #before = new Map<string, V | undefined>();

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#values.get(key));
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#values.get(key));
    this.#values.delete(key);
  }

  entries(): Array<[string, V]> {
    return [...this.#values];
  }

  settle(): void {
    this.#before.clear();
  }

  revert(): void {
    for (const [key, value] of this.#before) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
    this.#before.clear();
  }
}
