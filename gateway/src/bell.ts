/**
 * Wakes one waiter. A ring is kept until a wait takes it up, so none is missed between a look and a wait; a waiter that gave up
 * (it lost a race) takes none along. The price: after a ring the next wait may end once too early, and its owner looks in vain.
 */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
    this.#wake = null;
  }

  async rung(): Promise<void> {
    if (!this.#rung) return new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
  }
}
