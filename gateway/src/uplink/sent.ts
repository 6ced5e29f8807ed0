import type { Holding, Lane } from '@fengsui/protocol';

/** The highest numbers ever sent by this process, over whichever connection: a receipt beyond them is not believed. */
export class Sent {
  readonly #series = new Map<string, Holding>();

  note(lane: Lane, epoch: number, number: number): void {
    const highest = Math.max(this.highest(lane, epoch), number);
    this.#series.set(`${lane}/${epoch}`, { lane, epoch, highest });
  }

  /** 0 where nothing of it was sent. */
  highest(lane: Lane, epoch: number): number {
    return this.#series.get(`${lane}/${epoch}`)?.highest ?? 0;
  }

  series(): readonly Holding[] {
    return [...this.#series.values()];
  }
}
